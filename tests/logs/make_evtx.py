#!/usr/bin/env python3
"""Writes tests/logs/windows.evtx: a small binary Windows event log in the documented format, with invented events.

Format: the open description of EVTX (libevtx project, "Windows XML Event Log (EVTX) format"); elements without templates.
"""
import binascii
import datetime
import pathlib
import struct

EVENTS = [
    ("Microsoft-Windows-Sysmon", 1, "Microsoft-Windows-Sysmon/Operational", "PC-0117", "2026-11-22T12:00:00", {
        "UtcTime": "2026-11-22 12:00:00.000", "Image": r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
        "CommandLine": "powershell.exe -NoProfile -EncodedCommand SQBFAFgA", "ParentImage": r"C:\Program Files\Office\WINWORD.EXE",
        "User": r"CORP\li.na", "Hashes": "MD5=00112233445566778899AABBCCDDEEFF,IMPHASH=0123456789ABCDEF0123456789ABCDEF"}),
    ("Microsoft-Windows-Security-Auditing", 4625, "Security", "DC-01", "2026-11-22T12:00:05", {
        "TargetUserName": "administrator", "TargetDomainName": "CORP", "LogonType": "3", "IpAddress": "192.0.2.77", "IpPort": "50123", "Status": "0xc000006d"}),
    ("Microsoft-Windows-Security-Auditing", 4624, "Security", "DC-01", "2026-11-22T12:00:09", {
        "TargetUserName": "administrator", "TargetDomainName": "CORP", "LogonType": "3", "IpAddress": "192.0.2.77", "IpPort": "50124"}),
    ("Service Control Manager", 7045, "System", "PC-0117", "2026-11-22T12:01:00", {
        "ServiceName": "UpdaterSvc", "ImagePath": r"%COMSPEC% /c start C:\Users\Public\u.exe", "ServiceType": "user mode service", "StartType": "auto start"}),
    ("Microsoft-Windows-Sysmon", 22, "Microsoft-Windows-Sysmon/Operational", "PC-0117", "2026-11-22T12:02:00", {
        "QueryName": "update.example.net", "QueryStatus": "0", "QueryResults": "::ffff:198.51.100.9;", "Image": r"C:\Users\Public\u.exe"}),
    ("Microsoft-Windows-Eventlog", 1102, "Security", "DC-01", "2026-11-22T12:03:00", {"SubjectUserName": "管理员"}),
]


class Chunk:
    def __init__(self):
        self.data = bytearray(512)

    def name(self, text):
        """A name, written in place: the offset of itself, then the name."""
        place = len(self.data) + 4
        units = text.encode("utf-16-le")
        self.data += struct.pack("<IIHH", place, 0, 0, len(text)) + units + b"\0\0"

    def element(self, name, attributes, body):
        start = len(self.data)
        self.data.append(0x41 if attributes else 0x01)
        size_at = len(self.data)
        self.data += b"\0\0\0\0"
        self.name(name)
        if attributes:
            list_at = len(self.data)
            self.data += b"\0\0\0\0"
            for index, (key, value) in enumerate(attributes):
                self.data.append(0x46 if index + 1 < len(attributes) else 0x06)
                self.name(key)
                self.text(value)
            self.data[list_at:list_at + 4] = struct.pack("<I", len(self.data) - list_at - 4)
        self.data.append(0x02)
        body()
        self.data.append(0x04)
        self.data[size_at:size_at + 4] = struct.pack("<I", len(self.data) - size_at - 4)
        return start

    def text(self, text):
        units = text.encode("utf-16-le")
        self.data += struct.pack("<BBH", 0x05, 0x01, len(units) // 2) + units

    def leaf(self, name, text, attributes=()):
        self.element(name, attributes, (lambda: self.text(text)) if text else (lambda: None))

    def record(self, number, provider, code, channel, computer, time, data):
        start = len(self.data)
        moment = datetime.datetime.fromisoformat(time).replace(tzinfo=datetime.timezone.utc)
        ticks = int((moment - datetime.datetime(1601, 1, 1, tzinfo=datetime.timezone.utc)).total_seconds()) * 10_000_000
        self.data += struct.pack("<IIQQ", 0x00002A2A, 0, number, ticks)
        self.data += b"\x0f\x01\x01\x00"

        def system():
            self.leaf("Provider", "", [("Name", provider)])
            self.leaf("EventID", str(code))
            self.leaf("TimeCreated", "", [("SystemTime", time + ".000000Z")])
            self.leaf("EventRecordID", str(number))
            self.leaf("Channel", channel)
            self.leaf("Computer", computer)

        def values():
            for key, value in data.items():
                self.leaf("Data", value, [("Name", key)])

        def event():
            self.element("System", (), system)
            self.element("EventData", (), values)

        self.element("Event", [("xmlns", "http://schemas.microsoft.com/win/2004/08/events/event")], event)
        self.data += b"\0"
        self.data += b"\0" * (-len(self.data) % 4)
        size = len(self.data) - start + 4
        self.data += struct.pack("<I", size)
        self.data[start + 4:start + 8] = struct.pack("<I", size)
        return start

    def bytes(self, first, last, last_at):
        free = len(self.data)
        events = binascii.crc32(bytes(self.data[512:]))
        self.data += b"\0" * (65536 - free)
        self.data[0:128] = struct.pack("<8sQQQQIIII", b"ElfChnk\0", first, last, first, last, 128, last_at, free, events) + b"\0" * 72
        checksum = binascii.crc32(bytes(self.data[0:120]) + bytes(self.data[128:512]))
        self.data[124:128] = struct.pack("<I", checksum)
        return bytes(self.data)


def main():
    chunk = Chunk()
    last_at = 0
    for number, event in enumerate(EVENTS, 1):
        last_at = chunk.record(number, *event)
    body = chunk.bytes(1, len(EVENTS), last_at)
    header = bytearray(struct.pack("<8sQQQIHHHH", b"ElfFile\0", 0, 0, len(EVENTS) + 1, 128, 1, 3, 4096, 1) + b"\0" * 76 + struct.pack("<I", 0))
    header += struct.pack("<I", binascii.crc32(bytes(header)))
    header += b"\0" * (4096 - len(header))
    (pathlib.Path(__file__).parent / "windows.evtx").write_bytes(bytes(header) + body)


main()
