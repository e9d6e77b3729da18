//! Typing of dirty columns: three hundred columns of a government's tables with obscure headers and every third value wrong.

#[allow(clippy::expect_used, clippy::panic, dead_code, reason = "makes test data: a broken list ends the test")]
mod corpus;

use corpus::{Corpus, Random};
use fengsui_dlp_engine::{Engine, EngineSettings, Rules};

/// A kind of column: the type expected, headers that say it in several spellings, and whether its values tell without one.
type Kind = (Option<&'static str>, &'static str, &'static str, bool);

/// Slot of the generator, headers separated by spaces.
const KINDS: &[Kind] = &[
    (Some("person_name"), "person", "姓名 申请人姓名 XM SQR_XM xingming applicant_name 户主 lxrxm", true),
    (Some("cn_resident_id"), "cn_resident_id", "身份证号码 GMSFHM SFZH sqr_sfzh id_card_no 公民身份号码", true),
    (Some("cn_mobile"), "cn_mobile", "手机号码 LXDH SJHM mobile_phone 联系电话 lxr_sjh", true),
    (Some("cn_landline"), "cn_landline", "固定电话 BGDH 办公电话 office_phone_gddh", true),
    (Some("bank_card"), "bank_card", "银行卡号 YHKH 开户卡号 bank_card yhzh", true),
    (Some("email"), "email", "电子邮箱 DZYX email_addr 邮箱", true),
    (Some("address"), "address", "家庭住址 JTZZ XXDZ address 户籍地址 hjdz", true),
    (Some("cn_license_plate"), "cn_license_plate", "号牌号码 CPH HPHM plate_no", true),
    (Some("cn_uscc"), "cn_uscc", "统一社会信用代码 TYSHXYDM XYDM credit_code", true),
    (Some("cn_passport"), "cn_passport", "护照号码 HZHM passport_no", true),
    (Some("vin"), "vin", "车架号 CJH CLSBDH vin", true),
    (Some("imei"), "imei", "设备串号 IMEI", true),
    (Some("ip_address"), "ip_address", "IP地址 login_ip dlip", true),
    (Some("mac_address"), "mac_address", "MAC地址 mac_addr", true),
    (Some("gps_coordinates"), "gps", "经纬度 ZB lnglat", true),
    (Some("ethnicity"), "ethnicity", "民族 MZ minzu", true),
    (Some("religion"), "religion", "宗教信仰 ZJXY", true),
    (Some("medical_condition"), "medical_condition", "诊断名称 ZDMC 病名 diagnosis", true),
    (Some("date_of_birth"), "date_of_birth", "出生日期 CSRQ birthday csny", true),
    (Some("cn_real_estate_unit"), "cn_real_estate_unit", "不动产单元号 BDCDYH", true),
    (Some("cn_project_code"), "cn_project_code", "项目代码 XMDM", true),
    (Some("cn_military_officer"), "cn_military_officer", "军官证号 JGZH", true),
    (Some("political_status"), "POLITICAL", "政治面貌 ZZMM", true),
    (Some("marital_status"), "MARITAL", "婚姻状况 HYZK", true),
    (Some("blood_type"), "BLOOD", "血型 XX xuexing", true),
    (Some("income"), "INCOME", "月收入 YSR 实发工资 income", false),
    (Some("cn_postcode"), "POSTCODE", "邮政编码 YZBM", false),
    (Some("medical_record_number"), "RECORD", "住院号 ZYH 病历号", false),
    (Some("student_or_staff_number"), "STAFF", "工号 GH 学号 xuehao", false),
    (Some("cn_social_security"), "cn_social_security", "社会保障号 SHBZH", false),
    (None, "STATUS", "状态 ZT status 审核状态 blzt", true),
    (None, "AMOUNT", "金额 JE amount 投资额 pfje", true),
    (None, "DAY", "登记日期 DJRQ create_time 更新时间 gxsj", true),
    (None, "SERIAL", "流水号 LSH id 业务编号 ywbh", true),
    (None, "DEPT", "办理部门 BLBM dept_name 单位名称 DWMC", true),
    (None, "SEX", "性别 XB sex", true),
    (None, "COUNT", "数量 SL total 人数 rs", true),
    (None, "REGION", "行政区划代码 XZQHDM region_code", true),
    (None, "NOTE", "备注 BZSM remark 说明", true),
    (None, "PRODUCT", "商品名称 SPMC product_name", true),
];

/// Headers that say nothing.
const OBSCURE: &[&str] = &["F", "col_", "ZD0", "field", "C", "attr_", "extend", "by"];

fn value(corpus: &Corpus, slot: &str, random: &mut Random) -> String {
    match slot {
        "POLITICAL" => {
            random.pick(&["中共党员", "群众", "共青团员", "民盟盟员", "中共预备党员", "无党派人士"]).to_owned()
        }
        "MARITAL" => random.pick(&["未婚", "已婚", "离异", "丧偶", "初婚", "再婚"]).to_owned(),
        "BLOOD" => random.pick(&["A型", "B", "O型", "AB型", "Rh阴性A型", "O"]).to_owned(),
        "INCOME" => format!("{}.{}", 2000 + random.below(20_000), random.digits(2)),
        "POSTCODE" => format!("7{}", random.digits(5)),
        "RECORD" => format!("ZY{}", random.digits(8)),
        "STAFF" => format!("20{}", random.digits(6)),
        "STATUS" => random.pick(&["已办结", "审核中", "退回", "待受理", "正常", "注销"]).to_owned(),
        "AMOUNT" => format!("{}.{}", random.below(9_000_000), random.digits(2)),
        "DAY" => format!("20{}-{:02}-{:02}", 15 + random.below(10), 1 + random.below(12), 1 + random.below(28)),
        "SERIAL" => format!("2024{}", random.digits(12)),
        "SEX" => random.pick(&["男", "女"]).to_owned(),
        "COUNT" => format!("{}", 2 + random.below(900)),
        "REGION" => corpus.word("codes", random),
        "NOTE" => random
            .pick(&["材料齐全", "已电话通知本人", "按规定办理", "详见附件", "资料已归档", "转相关科室处理"])
            .to_owned(),
        slot => corpus.value(slot, "", random),
    }
}

/// What goes wrong in real tables: nothing there, a word for nothing, a slipped key, a value of the next column.
fn spoiled(corpus: &Corpus, value: String, random: &mut Random) -> String {
    match random.below(6) {
        0 => String::new(),
        1 => random.pick(&["无", "待补充", "-", "不详", "NULL", "/"]).to_owned(),
        2 => {
            let mut characters: Vec<char> = value.chars().collect();
            let at = random.below(characters.len());
            characters.remove(at);
            characters.into_iter().collect()
        }
        3 => corpus.value(random.pick(&["person", "cn_mobile", "DEPT", "address"]), "", random),
        4 => format!("{value} {}", random.pick(&["（已核实）", "？", "。", "(旧)"])),
        _ => random.pick(&["见原件", "测试", "同上", "123", "aaa"]).to_owned(),
    }
}

#[test]
fn dirty_columns_are_typed() {
    let corpus = Corpus::load();
    let engine = Engine::new(EngineSettings::default(), &Rules::default()).expect("embedded rules are sound");
    for seed in [1, 77, 2026] {
        let mut random = Random::new(seed);
        let mut right = 0;
        for index in 0..300 {
            let (expected, slot, headers, telling) = KINDS[index % KINDS.len()];
            let headers: Vec<&str> = headers.split(' ').collect();
            let obscure = telling && random.chance(35);
            let header = match obscure {
                true => format!("{}{}", random.pick(OBSCURE), random.digits(2)),
                false => random.pick(&headers).to_owned(),
            };
            let noise = 20 + random.below(21);
            let values: Vec<String> = (0..200)
                .map(|_| {
                    let value = value(&corpus, slot, &mut random);
                    if random.chance(noise) { spoiled(&corpus, value, &mut random) } else { value }
                })
                .collect();
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let profile = engine.profile_column(&header, &values);
            right += usize::from(profile.data_type == expected);
            if profile.data_type != expected {
                eprintln!(
                    "seed {seed}: {header} of {slot} noise {noise}: {:?} {:.2}",
                    profile.data_type, profile.share
                );
            }
        }
        eprintln!("seed {seed}: {right} of 300");
        assert!(right * 100 >= 300 * 95, "seed {seed}: {right} of 300");
    }
}
