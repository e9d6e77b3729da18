#!/usr/bin/env python3
"""Writes a table of synthetic personal data: nobody's, but with correct check digits, so that detectors find it.
Usage: personal_data.py ROWS OUT.csv [ENCODING]"""
import csv
import random
import sys

SURNAMES = "王李张刘陈杨赵黄周吴马丁祁妥贺安撒哈"
GIVEN = "伟芳秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文辉玲健梅红"
REGIONS = ["620102", "620103", "620104", "620121", "620123", "620502", "620602", "620702", "620902", "622901"]
WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
STREETS = ["定远镇兴隆路", "城关镇太白路", "夏官营镇学府路", "和平镇薇乐大道", "青城镇古城街"]


def resident_id(rng):
    body = f"{rng.choice(REGIONS)}{rng.randint(1950, 2005)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}{rng.randint(1, 999):03}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS)) % 11]


def bank_card(rng):
    body = "621700" + "".join(str(rng.randint(0, 9)) for _ in range(12))
    total = sum(d if i % 2 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(map(int, reversed(body))))
    return body + str(-total % 10)


def row(rng, number):
    name = rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.randint(1, 2)))
    mobile = rng.choice(["138", "139", "150", "177", "189"]) + "".join(str(rng.randint(0, 9)) for _ in range(8))
    address = f"甘肃省兰州市榆中县{rng.choice(STREETS)}{rng.randint(1, 300)}号"
    return [number, name, resident_id(rng), mobile, bank_card(rng), address]


def main():
    rows, path = int(sys.argv[1]), sys.argv[2]
    encoding = sys.argv[3] if len(sys.argv) > 3 else "utf-8"
    rng = random.Random(20260101)
    with open(path, "w", newline="", encoding=encoding) as out:
        table = csv.writer(out)
        table.writerow(["序号", "姓名", "身份证号", "手机号码", "银行卡号", "家庭住址"])
        table.writerows(row(rng, number) for number in range(1, rows + 1))


if __name__ == "__main__":
    main()
