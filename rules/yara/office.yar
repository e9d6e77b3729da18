/* 办公文档：自动运行的宏与外部模板。 */

rule office_macro_auto_run
{
    meta:
        title_zh = "文档宏在打开时运行命令"
        title_en = "document macro that runs a command when opened"
        severity = "high"
        technique = "T1204.002"
    strings:
        $open1 = "AutoOpen" nocase
        $open2 = "Auto_Open" nocase
        $open3 = "Document_Open" nocase
        $open4 = "Workbook_Open" nocase
        $run1 = "WScript.Shell" nocase
        $run2 = "powershell" nocase
        $run3 = "Shell(" nocase
        $run4 = "CreateObject" nocase
        $project = "_VBA_PROJECT"
        $project_wide = "_VBA_PROJECT" wide
        $attribute = "Attribut"
    condition:
        any of ($open*) and any of ($run*) and (uint32be(0) == 0xD0CF11E0 or $project or $project_wide or $attribute)
}

rule office_remote_template
{
    meta:
        title_zh = "文档引用外部模板"
        title_en = "document that loads a template from outside"
        severity = "medium"
        technique = "T1221"
    strings:
        $relationship = "relationships/attachedTemplate"
        $external = "TargetMode=\"External\""
        $http = /Target="https?:\/\/[^"]{4,200}"/
    condition:
        all of them
}

rule rtf_embedded_object
{
    meta:
        title_zh = "RTF 文档自动更新内嵌对象"
        title_en = "RTF document with an object that updates itself"
        severity = "medium"
        technique = "T1203"
    strings:
        $object = "\\objdata" nocase
        $update = "\\objupdate" nocase
    condition:
        uint32be(0) == 0x7B5C7274 and all of them
}
