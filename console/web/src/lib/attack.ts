// ATT&CK for Enterprise: tactics in the order of an attack, and the techniques this product's rules name. Identifiers and
// tactics are facts of MITRE ATT&CK; the Chinese names are ours.

/** Tactics with short name, Chinese and English. */
export const TACTICS = [
  ["reconnaissance", "侦察", "Reconnaissance"],
  ["resource-development", "资源准备", "Resource development"],
  ["initial-access", "初始访问", "Initial access"],
  ["execution", "执行", "Execution"],
  ["persistence", "持久化", "Persistence"],
  ["privilege-escalation", "权限提升", "Privilege escalation"],
  ["defense-evasion", "防御规避", "Defense evasion"],
  ["credential-access", "凭据获取", "Credential access"],
  ["discovery", "环境发现", "Discovery"],
  ["lateral-movement", "横向移动", "Lateral movement"],
  ["collection", "数据收集", "Collection"],
  ["command-and-control", "命令控制", "Command and control"],
  ["exfiltration", "数据外传", "Exfiltration"],
  ["impact", "破坏影响", "Impact"],
] as const;

/** Short name of a tactic. */
export type Tactic = (typeof TACTICS)[number][0];

/** Id without sub-technique to its tactic, Chinese and English name. */
const TECHNIQUES: Record<string, readonly [Tactic, string, string]> = {
  T1595: ["reconnaissance", "主动扫描", "Active scanning"],
  T1592: ["reconnaissance", "收集主机信息", "Gather host information"],
  T1589: ["reconnaissance", "收集身份信息", "Gather identity information"],
  T1583: ["resource-development", "获取基础设施", "Acquire infrastructure"],
  T1588: ["resource-development", "获取攻击能力", "Obtain capabilities"],
  T1190: ["initial-access", "利用对外应用", "Exploit public-facing application"],
  T1566: ["initial-access", "钓鱼", "Phishing"],
  T1133: ["initial-access", "外部远程服务", "External remote services"],
  T1189: ["initial-access", "水坑攻击", "Drive-by compromise"],
  T1195: ["initial-access", "供应链入侵", "Supply chain compromise"],
  T1059: ["execution", "命令与脚本", "Command and scripting"],
  T1203: ["execution", "利用客户端漏洞", "Exploitation for client execution"],
  T1204: ["execution", "诱导用户执行", "User execution"],
  T1047: ["execution", "WMI 执行", "WMI"],
  T1053: ["persistence", "计划任务", "Scheduled task"],
  T1505: ["persistence", "服务器组件（WebShell）", "Server software component"],
  T1136: ["persistence", "新建账号", "Create account"],
  T1098: ["persistence", "篡改账号", "Account manipulation"],
  T1543: ["persistence", "系统服务", "System process"],
  T1547: ["persistence", "自启动", "Autostart"],
  T1068: ["privilege-escalation", "利用漏洞提权", "Exploitation for privilege escalation"],
  T1548: ["privilege-escalation", "滥用提权机制", "Abuse elevation control"],
  T1078: ["defense-evasion", "有效账号", "Valid accounts"],
  T1070: ["defense-evasion", "清除痕迹", "Indicator removal"],
  T1027: ["defense-evasion", "混淆", "Obfuscated files"],
  T1562: ["defense-evasion", "削弱防护", "Impair defenses"],
  T1036: ["defense-evasion", "伪装", "Masquerading"],
  T1218: ["defense-evasion", "借用系统程序", "System binary proxy"],
  T1110: ["credential-access", "暴力破解", "Brute force"],
  T1003: ["credential-access", "系统凭据转储", "OS credential dumping"],
  T1552: ["credential-access", "明文凭据", "Unsecured credentials"],
  T1558: ["credential-access", "Kerberos 票据", "Kerberos tickets"],
  T1557: ["credential-access", "中间人", "Adversary in the middle"],
  T1046: ["discovery", "网络服务扫描", "Network service discovery"],
  T1018: ["discovery", "远程系统发现", "Remote system discovery"],
  T1083: ["discovery", "文件目录发现", "File and directory discovery"],
  T1087: ["discovery", "账号发现", "Account discovery"],
  T1021: ["lateral-movement", "远程服务", "Remote services"],
  T1210: ["lateral-movement", "利用远程服务漏洞", "Exploitation of remote services"],
  T1570: ["lateral-movement", "内部传送工具", "Lateral tool transfer"],
  T1005: ["collection", "本地数据", "Data from local system"],
  T1213: ["collection", "信息库数据", "Data from repositories"],
  T1560: ["collection", "打包数据", "Archive collected data"],
  T1071: ["command-and-control", "应用层协议", "Application layer protocol"],
  T1572: ["command-and-control", "协议隧道", "Protocol tunneling"],
  T1573: ["command-and-control", "加密信道", "Encrypted channel"],
  T1568: ["command-and-control", "动态解析", "Dynamic resolution"],
  T1105: ["command-and-control", "下载工具", "Ingress tool transfer"],
  T1095: ["command-and-control", "非应用层协议", "Non-application layer protocol"],
  T1090: ["command-and-control", "代理", "Proxy"],
  T1219: ["command-and-control", "远程控制软件", "Remote access software"],
  T1041: ["exfiltration", "经控制信道外传", "Exfiltration over C2"],
  T1048: ["exfiltration", "经其他协议外传", "Exfiltration over alternative protocol"],
  T1567: ["exfiltration", "经网络服务外传", "Exfiltration over web service"],
  T1486: ["impact", "加密勒索", "Data encrypted for impact"],
  T1485: ["impact", "破坏数据", "Data destruction"],
  T1491: ["impact", "篡改页面", "Defacement"],
  T1498: ["impact", "网络拒绝服务", "Network denial of service"],
  T1499: ["impact", "终端拒绝服务", "Endpoint denial of service"],
  T1496: ["impact", "资源劫持（挖矿）", "Resource hijacking"],
  T1565: ["impact", "篡改数据", "Data manipulation"],
};

/** A technique with the names of its family. */
export interface Technique {
  id: string;
  zh: string;
  en: string;
}

/** Techniques by tactic; those nobody named yet stand under an empty tactic. */
export function byTactic(ids: readonly string[]): Map<Tactic | "", Technique[]> {
  const columns = new Map<Tactic | "", Technique[]>();
  for (const id of [...new Set(ids)].sort()) {
    const known = TECHNIQUES[id.split(".")[0] ?? id];
    const tactic = known?.[0] ?? "";
    columns.set(tactic, [...(columns.get(tactic) ?? []), { id, zh: known?.[1] ?? id, en: known?.[2] ?? id }]);
  }
  return columns;
}
