//! Which type a file is, by its first bytes.

use crate::limits::IDENTIFY_BYTES;
use crate::{containers, text};

macro_rules! kinds {
    ($($variant:ident, $name:literal, $media:literal, $description:literal;)*) => {
        /// The type of a file.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FileKind {
            $(#[doc = $description] $variant,)*
        }

        impl FileKind {
            /// Every type.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Short name, such as `pdf`; the usual extension where there is one.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Media type.
            #[must_use]
            pub const fn media_type(self) -> &'static str {
                match self { $(Self::$variant => $media,)* }
            }

            /// Description in words, starting as the `file` program's does.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)* }
            }
        }
    };
}

kinds! {
    Pdf, "pdf", "application/pdf", "PDF document";
    Ofd, "ofd", "application/ofd", "OFD document (GB/T 33190)";
    Docx, "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "Microsoft Word 2007+";
    Xlsx, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "Microsoft Excel 2007+";
    Pptx, "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", "Microsoft PowerPoint 2007+";
    Odf, "odf", "application/vnd.oasis.opendocument", "OpenDocument";
    Doc, "doc", "application/msword", "Composite Document File V2 Document, Microsoft Word";
    Xls, "xls", "application/vnd.ms-excel", "Composite Document File V2 Document, Microsoft Excel";
    Ppt, "ppt", "application/vnd.ms-powerpoint", "Composite Document File V2 Document, Microsoft PowerPoint";
    Ole, "ole", "application/x-ole-storage", "Composite Document File V2 Document";
    Rtf, "rtf", "application/rtf", "Rich Text Format data";
    Zip, "zip", "application/zip", "Zip archive data";
    Jar, "jar", "application/java-archive", "Java archive data (JAR)";
    Apk, "apk", "application/vnd.android.package-archive", "Android package (APK)";
    Gzip, "gz", "application/gzip", "gzip compressed data";
    Bzip2, "bz2", "application/x-bzip2", "bzip2 compressed data";
    Xz, "xz", "application/x-xz", "XZ compressed data";
    Zstd, "zst", "application/zstd", "Zstandard compressed data";
    SevenZip, "7z", "application/x-7z-compressed", "7-zip archive data";
    Rar, "rar", "application/vnd.rar", "RAR archive data";
    Tar, "tar", "application/x-tar", "POSIX tar archive";
    Cab, "cab", "application/vnd.ms-cab-compressed", "Microsoft Cabinet archive data";
    Iso, "iso", "application/x-iso9660-image", "ISO 9660 CD-ROM filesystem data";
    Elf, "elf", "application/x-executable", "ELF";
    Pe, "exe", "application/vnd.microsoft.portable-executable", "PE32 executable for MS Windows";
    MzExecutable, "com", "application/x-dosexec", "MS-DOS executable";
    MachO, "macho", "application/x-mach-binary", "Mach-O executable";
    JavaClass, "class", "application/java-vm", "compiled Java class data";
    Wasm, "wasm", "application/wasm", "WebAssembly (wasm) binary module";
    Shortcut, "lnk", "application/x-ms-shortcut", "MS Windows shortcut";
    Chm, "chm", "application/vnd.ms-htmlhelp", "MS Windows HtmlHelp Data";
    Sqlite, "sqlite", "application/vnd.sqlite3", "SQLite 3.x database";
    Capture, "pcap", "application/vnd.tcpdump.pcap", "pcap capture file";
    Dwg, "dwg", "image/vnd.dwg", "DWG AutoCAD drawing";
    Png, "png", "image/png", "PNG image data";
    Jpeg, "jpg", "image/jpeg", "JPEG image data";
    Gif, "gif", "image/gif", "GIF image data";
    Bmp, "bmp", "image/bmp", "PC bitmap";
    Tiff, "tiff", "image/tiff", "TIFF image data";
    Webp, "webp", "image/webp", "RIFF (little-endian) data, Web/P image";
    Ico, "ico", "image/vnd.microsoft.icon", "MS Windows icon resource";
    Mp4, "mp4", "video/mp4", "ISO Media";
    Mp3, "mp3", "audio/mpeg", "Audio file with ID3";
    Wav, "wav", "audio/vnd.wave", "RIFF (little-endian) data, WAVE audio";
    Avi, "avi", "video/vnd.avi", "RIFF (little-endian) data, AVI";
    Flash, "swf", "application/vnd.adobe.flash.movie", "Macromedia Flash data";
    Pem, "pem", "application/x-pem-file", "PEM certificate or key";
    Svg, "svg", "image/svg+xml", "SVG Scalable Vector Graphics image";
    Html, "html", "text/html", "HTML document";
    Xml, "xml", "application/xml", "XML document";
    Json, "json", "application/json", "JSON data";
    Php, "php", "application/x-httpd-php", "PHP script";
    Jsp, "jsp", "text/x-jsp", "JSP page";
    Shell, "sh", "application/x-sh", "POSIX shell script";
    Python, "py", "text/x-python", "Python script";
    Perl, "pl", "text/x-perl", "Perl script";
    Script, "script", "text/x-script", "script with interpreter line";
    Email, "eml", "message/rfc822", "SMTP mail";
    Csv, "csv", "text/csv", "CSV text";
    Text, "txt", "text/plain", "text";
    Data, "bin", "application/octet-stream", "data";
    Empty, "empty", "application/x-empty", "empty";
}

/// Bytes at a place that give a type away.
#[derive(Debug, Clone, Copy)]
pub struct FileSignature {
    /// The type.
    pub kind: FileKind,
    /// Where the bytes are.
    pub offset: usize,
    /// The bytes.
    pub magic: &'static [u8],
}

const fn magic(kind: FileKind, offset: usize, magic: &'static [u8]) -> FileSignature {
    FileSignature { kind, offset, magic }
}

/// The registry of binary signatures; the first that fits decides. Containers (zip, OLE, MZ, RIFF) are looked into
/// afterwards.
pub const SIGNATURES: &[FileSignature] = &[
    magic(FileKind::Pdf, 0, b"%PDF-"),
    magic(FileKind::Zip, 0, b"PK\x03\x04"),
    magic(FileKind::Zip, 0, b"PK\x05\x06"),
    magic(FileKind::Ole, 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    magic(FileKind::Rtf, 0, b"{\\rtf"),
    magic(FileKind::Gzip, 0, b"\x1f\x8b"),
    magic(FileKind::Bzip2, 0, b"BZh"),
    magic(FileKind::Xz, 0, b"\xfd7zXZ\0"),
    magic(FileKind::Zstd, 0, b"\x28\xb5\x2f\xfd"),
    magic(FileKind::SevenZip, 0, b"7z\xbc\xaf\x27\x1c"),
    magic(FileKind::Rar, 0, b"Rar!\x1a\x07"),
    magic(FileKind::Cab, 0, b"MSCF\0\0\0\0"),
    magic(FileKind::Elf, 0, b"\x7fELF"),
    magic(FileKind::MzExecutable, 0, b"MZ"),
    magic(FileKind::JavaClass, 0, b"\xca\xfe\xba\xbe"),
    magic(FileKind::MachO, 0, b"\xcf\xfa\xed\xfe"),
    magic(FileKind::MachO, 0, b"\xce\xfa\xed\xfe"),
    magic(FileKind::Wasm, 0, b"\0asm"),
    magic(FileKind::Shortcut, 0, b"\x4c\0\0\0\x01\x14\x02\0"),
    magic(FileKind::Chm, 0, b"ITSF\x03\0\0\0"),
    magic(FileKind::Sqlite, 0, b"SQLite format 3\0"),
    magic(FileKind::Capture, 0, b"\xd4\xc3\xb2\xa1"),
    magic(FileKind::Capture, 0, b"\xa1\xb2\xc3\xd4"),
    magic(FileKind::Capture, 0, b"\x4d\x3c\xb2\xa1"),
    magic(FileKind::Capture, 0, b"\x0a\x0d\x0d\x0a"),
    magic(FileKind::Dwg, 0, b"AC10"),
    magic(FileKind::Png, 0, b"\x89PNG\r\n\x1a\n"),
    magic(FileKind::Jpeg, 0, b"\xff\xd8\xff"),
    magic(FileKind::Gif, 0, b"GIF87a"),
    magic(FileKind::Gif, 0, b"GIF89a"),
    magic(FileKind::Tiff, 0, b"II*\0"),
    magic(FileKind::Tiff, 0, b"MM\0*"),
    magic(FileKind::Webp, 8, b"WEBPVP8"),
    magic(FileKind::Wav, 8, b"WAVEfmt "),
    magic(FileKind::Avi, 8, b"AVI LIST"),
    magic(FileKind::Ico, 0, b"\0\0\x01\0"),
    magic(FileKind::Mp4, 4, b"ftyp"),
    magic(FileKind::Mp3, 0, b"ID3"),
    magic(FileKind::Flash, 0, b"FWS"),
    magic(FileKind::Flash, 0, b"CWS"),
    magic(FileKind::Tar, 257, b"ustar"),
    magic(FileKind::Bmp, 0, b"BM"),
    magic(FileKind::Iso, 32_769, b"CD001"),
];

/// The type of a file by its first bytes; at most [`IDENTIFY_BYTES`] are looked at.
#[must_use]
pub fn identify(head: &[u8]) -> FileKind {
    let head = &head[..head.len().min(IDENTIFY_BYTES)];
    if head.is_empty() {
        return FileKind::Empty;
    }
    let found = SIGNATURES.iter().find(|signature| fits(signature, head)).map(|signature| signature.kind);
    match found {
        Some(FileKind::Zip) => containers::zip(head),
        Some(FileKind::Ole) => containers::ole(head),
        Some(FileKind::MzExecutable) => containers::mz(head),
        Some(FileKind::Bmp) if !containers::is_bitmap(head) => text::identify(head),
        Some(FileKind::JavaClass) => containers::java_or_macho(head),
        Some(kind) => kind,
        None => text::identify(head),
    }
}

fn fits(signature: &FileSignature, head: &[u8]) -> bool {
    head.get(signature.offset..).is_some_and(|rest| rest.starts_with(signature.magic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_leads_to_a_type_of_its_family() {
        for signature in SIGNATURES {
            let mut head = vec![0; signature.offset];
            head.extend_from_slice(signature.magic);
            head.resize(head.len().max(64) + 64, 0);
            let found = identify(&head);
            let refined = matches!(signature.kind, FileKind::Bmp | FileKind::JavaClass);
            assert!(found == signature.kind || refined, "{signature:?} gave {found:?}");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = FileKind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FileKind::ALL.len());
    }

    #[test]
    fn nothing_is_empty_and_noise_is_data() {
        assert_eq!(identify(b""), FileKind::Empty);
        assert_eq!(identify(&[0x80, 0x00, 0x01, 0xfe, 0x02, 0x99]), FileKind::Data);
    }
}
