/* 可执行文件：加壳与内嵌线索。 */

rule packed_upx
{
    meta:
        title_zh = "UPX 加壳的可执行文件"
        title_en = "executable packed with UPX"
        severity = "low"
        technique = "T1027.002"
    strings:
        $section0 = "UPX0"
        $section1 = "UPX1"
        $mark = "UPX!"
    condition:
        (uint16(0) == 0x5A4D or uint32(0) == 0x464C457F) and $mark and ($section0 or $section1 or uint32(0) == 0x464C457F)
}

rule packed_known_section
{
    meta:
        title_zh = "带有已知加壳器节名的可执行文件"
        title_en = "executable with the section name of a known packer"
        severity = "medium"
        technique = "T1027.002"
    strings:
        $aspack = ".aspack\x00"
        $vmp = ".vmp0\x00"
        $themida = ".themida"
        $mpress = ".MPRESS1"
        $enigma = ".enigma1"
    condition:
        uint16(0) == 0x5A4D and any of ($*) in (0..4096)
}

rule executable_behind_image_header
{
    meta:
        title_zh = "图片头之后藏有可执行文件"
        title_en = "Windows executable hidden behind an image header"
        severity = "high"
        technique = "T1036.008"
    strings:
        $stub = "This program cannot be run in DOS mode"
    condition:
        (uint32be(0) == 0x89504E47 or uint32be(0) == 0x47494638 or uint16be(0) == 0xFFD8) and $stub
}

rule miner_configuration
{
    meta:
        title_zh = "挖矿程序或其配置"
        title_en = "cryptocurrency miner or its configuration"
        severity = "high"
        technique = "T1496"
    strings:
        $scheme = "stratum+tcp://"
        $scheme_tls = "stratum+ssl://"
        $level = "donate-level"
        $algorithm = "randomx" nocase
        $wallet = "\"wallet\""
    condition:
        ($scheme or $scheme_tls) and ($level or $algorithm or $wallet)
}
