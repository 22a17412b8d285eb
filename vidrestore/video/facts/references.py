"""Files that name other files, such as playlists: what is read without them, and how such a file is recognised."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_CONTAINERS = """
    3dostr 4xm apv asf asf_o av1 avi avs avs2 avs3 bethsoftvid bfi bink bitpacked bmv c93 cavsvideo cdg cdxl cine
    dfa dhav dirac dnxhd dsicin dv dxa ea ea_cdata evc film_cpk filmstrip flic flv frm gdv gxf h261 h263 h264 hevc
    hnm hxvs idcin iff ifv ingenient ipmovie ipu iss iv8 ivf ivr jv kux live_flv lmlm4 luodat lvf lxf m4v matroska
    mgsts mjpeg mjpeg_2000 mm mods moflex mov mpeg mpegts mpegvideo mpjpeg mtv mv mvi mxf mxg nc nsv nut nuv obu
    ogg paf pdv pmp psxstr pva r3d rawvideo rl2 rm roq rpl ser sga siff simbiosis_imx smjpeg smk smush swf thp
    tiertexseq tmv txd ty usm v210 v210x vc1 vc1test vividas vivo vmd vvc wc3movie wsvqa wtv xmv yop yuv4mpegpipe
"""
_PICTURES = """
    alias_pix anm apng bmp_pipe brender_pix cri_pipe dds_pipe dpx_pipe exr_pipe fits gem_pipe gif gif_pipe
    hdr_pipe ico j2k_pipe jpeg_pipe jpegls_pipe jpegxl_anim jpegxl_pipe jpegxs_pipe pam_pipe pbm_pipe pcx_pipe
    pfm_pipe pgm_pipe pgmyuv_pipe pgx_pipe phm_pipe photocd_pipe pictor_pipe png_pipe ppm_pipe psd_pipe qdraw_pipe
    qoi_pipe sgi_pipe sunrast_pipe tiff_pipe vbn_pipe webp_pipe xbm_pipe xpm_pipe xwd_pipe
"""
_SOUND = """
    aa aac aax ac3 ac4 ace acm act adp ads adx aea afc aiff aix alaw alp amr amrnb amrwb apac apc ape apm aptx
    aptx_hd argo_asf argo_brp argo_cvg ast au avr bfstm binka boa bonk brstm caf codec2 daud dcstr derf dfpwm dsf
    dss dts dtshd eac3 epaf f32be f32le f64be f64le flac fsb fwse g722 g723_1 g726 g726le g728 g729 genh gsm hca
    hcom iamf ilbc ircam kvag laf lc3 loas mca mlp mmf mp3 mpc mpc8 msf msnwctcp msp mtaf mulaw musx nistsphere
    nsp oma osq pp_bnk pvf qcp qoa redspark rka rsd rso s16be s16le s24be s24le s32be s32le s337m s8 sbc scd sdns
    sdr2 sds sdx shn sln sol sox spdif svag svs tak truehd tta u16be u16le u24be u24le u32be u32le u8 vag voc vpk
    vqf w64 wady wav wavarc wsaud wsd wv wve xa xmd xvag xwma
"""
_TEXT = """
    adf aqtitle ass bin dvbsub dvbtxt ffmetadata idf jacosub lrc mcc microdvd mpl2 mpsub pjs rcwt realtext sami
    sbg scc srt stl subviewer subviewer1 sup tedcaptions tty vplayer webvtt xbin
"""
ALONE = ",".join(" ".join((_CONTAINERS, _PICTURES, _SOUND, _TEXT)).split())
"""FFmpeg's demuxers that read the one file they are given, by its names.

Left out are those that open others: concat, dash, hls, image2, imf, mlv, rtp, sdp, svg, vobsub; and devices.
"""
REFUSING = {"format_whitelist": ALONE, "protocol_whitelist": "file"}
"""FFmpeg's options to read no other file."""
FOLLOWING = {"safe": "0", "allowed_extensions": "ALL", "enable_drefs": "1", "use_absolute_path": "1"}
"""FFmpeg's options to read the files on this machine that a file names, wherever they are. It opens no network then."""
_HEAD = 4096
_LONGEST = 256
"""Boxes of one kind that are looked at: more is no film."""


def list_format(path: Path) -> str:
    """What a text that names other files is called; "" for any other file."""
    with path.open("rb") as file:
        head = file.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"#EXTM3U"):
        return "an HLS playlist"
    if head.startswith(b"ffconcat version"):
        return "an ffconcat list"
    if b"<MPD" in head and head.startswith(b"<"):
        return "a DASH manifest"
    if head.startswith(b"v=0") and b"\nm=" in head:
        return "an SDP description"
    return ""


def refers(path: Path) -> bool:
    """Whether a track of a MOV or MP4 file has its data in another file, by the data references of its header."""
    with path.open("rb") as file:
        whole = (0, path.stat().st_size)
        for at in _inside(file, whole, b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
            if any(map(_is_other, _entries(file, at))):
                return True
    return False


def _inside(file: BinaryIO, where: tuple[int, int], *names: bytes) -> Iterator[tuple[int, int]]:
    """Where the content of each box lies that is reached by these names, one inside the other."""
    if not names:
        yield where
        return
    for kind, content in _boxes(file, *where):
        if kind == names[0]:
            yield from _inside(file, content, *names[1:])


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    for _ in range(_LONGEST):
        file.seek(start)
        header = file.read(8)
        size, kind, content = int.from_bytes(header[:4]), header[4:], start + 8
        if size == 1:
            size, content = int.from_bytes(file.read(8)), start + 16
        size = size or end - start
        if len(header) < 8 or size < content - start or start + size > end:
            return
        yield kind, (content, start + size)
        start += size


def _entries(file: BinaryIO, where: tuple[int, int]) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each data reference: version and flags, then what it refers to."""
    start, end = where
    for kind, (first, after) in _boxes(file, start + 8, end):
        file.seek(first)
        yield kind, file.read(min(after - first, _HEAD))


def _is_other(entry: tuple[bytes, bytes]) -> bool:
    kind, content = entry
    if kind == b"alis":
        return len(content) > 142  # FFmpeg takes a path from there, whatever the flags say
    own = int.from_bytes(content[1:4]) & 1
    return kind in (b"url ", b"urn ") and not own and any(content[4:])
