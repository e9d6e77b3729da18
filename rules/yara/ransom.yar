/* 勒索软件留言。 */

rule ransom_note_english
{
    meta:
        title_zh = "勒索留言（英文）"
        title_en = "ransom note in English"
        severity = "critical"
        technique = "T1486"
    strings:
        $done1 = "files have been encrypted" nocase
        $done2 = "files are encrypted" nocase
        $done3 = "data has been stolen and encrypted" nocase
        $pay1 = "bitcoin" nocase
        $pay2 = "monero" nocase
        $pay3 = "decryptor" nocase
        $pay4 = "decryption key" nocase
        $way1 = ".onion" nocase
        $way2 = "personal id" nocase
        $way3 = "tor browser" nocase
    condition:
        filesize < 256KB and any of ($done*) and any of ($pay*) and any of ($way*)
}

rule ransom_note_chinese
{
    meta:
        title_zh = "勒索留言（中文）"
        title_en = "ransom note in Chinese"
        severity = "critical"
        technique = "T1486"
    strings:
        $done1 = "文件已被加密"
        $done2 = "文件已经被加密"
        $done3 = { CE C4 BC FE D2 D1 B1 BB BC D3 C3 DC }
        $pay1 = "比特币"
        $pay2 = "解密工具"
        $pay3 = "赎金"
        $pay4 = { B1 C8 CC D8 B1 D2 }
    condition:
        filesize < 256KB and any of ($done*) and any of ($pay*)
}
