/* 网页后门：一句话木马与常见变形。 */

rule webshell_php_eval_request
{
    meta:
        title_zh = "PHP 一句话网页后门"
        title_en = "PHP web shell: request data is evaluated"
        severity = "high"
        technique = "T1505.003"
    strings:
        $open = "<?php" nocase
        $short = "<?=" nocase
        $run = /(eval|assert|system|passthru|shell_exec|exec|popen)\s{0,8}\(\s{0,8}@?\s{0,8}\$_(POST|GET|REQUEST|COOKIE)\s{0,8}[\[{]/ nocase
    condition:
        filesize < 2MB and ($open or $short) and $run
}

rule webshell_php_decode_then_run
{
    meta:
        title_zh = "PHP 网页后门：解码后执行"
        title_en = "PHP web shell: decodes and runs hidden code"
        severity = "high"
        technique = "T1505.003"
    strings:
        $open = "<?php" nocase
        $run = /(eval|assert)\s{0,8}\(\s{0,8}@?(gzinflate|gzuncompress|str_rot13|base64_decode)\s{0,8}\(/ nocase
    condition:
        filesize < 4MB and $open and $run
}

rule webshell_jsp_runtime_exec
{
    meta:
        title_zh = "JSP 网页后门：请求参数作为命令执行"
        title_en = "JSP web shell: runs a request parameter as a command"
        severity = "high"
        technique = "T1505.003"
    strings:
        $page = "<%"
        $exec = "Runtime.getRuntime().exec("
        $builder = "new ProcessBuilder("
        $parameter = "request.getParameter("
    condition:
        filesize < 2MB and $page and $parameter and ($exec or $builder)
}

rule webshell_jsp_class_loader
{
    meta:
        title_zh = "JSP 网页后门：内存加载类（冰蝎、哥斯拉一类）"
        title_en = "JSP web shell: defines classes from request data"
        severity = "high"
        technique = "T1505.003"
    strings:
        $page = "<%"
        $loader = "extends ClassLoader" nocase
        $define = "defineClass("
        $cipher = "Cipher.getInstance("
        $reader = /request\.get(Reader|InputStream|Parameter)\(/
    condition:
        filesize < 2MB and $page and $define and $reader and ($loader or $cipher)
}

rule webshell_aspx_eval_request
{
    meta:
        title_zh = "ASP/ASPX 一句话网页后门"
        title_en = "ASP web shell: request data is evaluated"
        severity = "high"
        technique = "T1505.003"
    strings:
        $page = "<%"
        $run = /(eval|execute|executeglobal)\s{0,8}\(?\s{0,8}\(?\s{0,8}request\s{0,4}(\.\s{0,4}(item|form|querystring))?\s{0,4}[\[(]/ nocase
    condition:
        filesize < 2MB and $page and $run
}

rule webshell_aspx_process_start
{
    meta:
        title_zh = "ASPX 网页后门：请求参数启动进程"
        title_en = "ASPX web shell: starts a process from request data"
        severity = "high"
        technique = "T1505.003"
    strings:
        $page = "<%"
        $start = /ProcessStartInfo|Process\.Start\(/
        $shell = "cmd.exe" nocase
        $request = "Request" nocase
    condition:
        filesize < 2MB and all of them
}
