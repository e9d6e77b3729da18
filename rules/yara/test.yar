/* 检验文件：证明扫描在工作，本身无害。 */

rule eicar_test_file
{
    meta:
        title_zh = "EICAR 防病毒测试文件"
        title_en = "EICAR anti-malware test file"
        severity = "medium"
    strings:
        $text = { 58 35 4F 21 50 25 40 41 50 5B 34 5C 50 5A 58 35 34 28 50 5E 29 37 43 43 29 37 7D 24 45 49 43 41 52 }
    condition:
        $text in (0..128)
}
