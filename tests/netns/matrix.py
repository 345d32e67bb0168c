"""Every algorithm that Debian's charon can negotiate, in phase 1 and phase 2."""
# SPDX-License-Identifier: BSD-2-Clause
import lab
from lab import Charon, Ikev1d, child, connection, entry, policy
from run import case

# charon's word, ours
IKE_CIPHERS = [("des", "des"), ("3des", "3des"), ("aes128", "aes-128"), ("aes192", "aes-192"),
               ("aes256", "aes-256"), ("camellia128", "camellia-128"), ("camellia192", "camellia-192"),
               ("camellia256", "camellia-256"), ("blowfish128", "blowfish"), ("cast128", "cast")]
HASHES = ["md5", "sha1", "sha256", "sha384", "sha512"]
GROUPS = [("modp768", 1), ("modp1024", 2), ("modp1536", 5), ("modp2048", 14), ("modp3072", 15),
          ("modp4096", 16), ("modp6144", 17), ("modp8192", 18), ("ecp256", 19), ("ecp384", 20), ("ecp521", 21),
          ("modp1024s160", 22), ("modp2048s224", 23), ("modp2048s256", 24), ("ecp192", 25), ("ecp224", 26),
          ("ecp224bp", 27), ("ecp256bp", 28), ("ecp384bp", 29), ("ecp512bp", 30), ("curve25519", 31), ("curve448", 32)]

ESP_CIPHERS = [("des", "des"), ("3des", "3des"), ("aes128", "aes-128"), ("aes192", "aes-192"),
               ("aes256", "aes-256"), ("aes128ctr", "aes-128-ctr"), ("aes192ctr", "aes-192-ctr"),
               ("aes256ctr", "aes-256-ctr"), ("null", "null"), ("camellia128", "camellia-128"),
               ("camellia192", "camellia-192"), ("camellia256", "camellia-256"),
               ("blowfish128", "blowfish"), ("cast128", "cast")]
INTEGRITY = [("md5", "md5"), ("sha1", "sha1"), ("sha256", "sha256"), ("sha384", "sha384"),
             ("sha512", "sha512"), ("aesxcbc", "aes-xcbc")]
AEAD = [(f"aes{bits}gcm{icv * 8}", f"aes-{bits}-gcm-{icv}") for bits in (128, 192, 256) for icv in (8, 12, 16)]
# Groups of the rows with PFS: all kinds take their turn.
PFS = [("modp1024", 2), ("modp1536", 5), ("modp2048", 14), ("ecp256", 19), ("ecp384", 20), ("ecp521", 21),
       ("modp1024s160", 22), ("modp2048s256", 24), ("curve25519", 31), ("ecp256bp", 28)]


def phase1_rows():
    """(cipher, hash, group): each family once, the others held at AES-128, SHA-1 and group 14."""
    aes, modp = ("aes128", "aes-128"), ("modp2048", 14)
    return ([(c, "sha1", modp) for c in IKE_CIPHERS] + [(aes, h, modp) for h in HASHES if h != "sha1"] +
            [(aes, "sha256", g) for g in GROUPS if g != modp] +
            # Key expansion (RFC 2409 appendix B): hash shorter than the key.
            [(("3des", "3des"), "md5", ("modp1024", 2)), (("aes256", "aes-256"), "md5", ("ecp521", 21))])


@case("phase 1")
def phase1(t):
    rows = phase1_rows()
    isakmp = [{"name": f"p{g}", "encryption": [c for _, c in IKE_CIPHERS], "hash": HASHES, "group": g}
              for _, g in GROUPS]
    connections = {f"c{n}": connection(f"{c[0]}-{h}-{g[0]}", {f"k{n}": child()})
                   for n, (c, h, g) in enumerate(rows)}
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy(isakmp=isakmp))
        charon = Charon(init, connections)
        for n, (c, h, g) in enumerate(rows):
            with t.step(f"{c[0]}-{h}-{g[0]}"):
                mark = d.log.mark()
                charon.initiate(f"k{n}")
                d.log.wait("PHASE 1 COMPLETED", mark)
                d.log.wait("PHASE 2 COMPLETED", mark)
                [sa] = d.isakmp_sas()
                assert lab.algorithms(sa) == (c[1], h, g[1]), f"the daemon shows {lab.algorithms(sa)}: {sa}"
                charon.command("terminate", ike=f"c{n}")
                lab.until("the daemon's SA is gone", lambda: not d.isakmp_sas())


def esp_rows():
    """(charon's proposal, our transform set)"""
    rows = [(f"{c[0]}-sha1", {"encryption": c[1], "integrity": "sha1"}) for c in ESP_CIPHERS]
    rows += [(f"aes256-{i[0]}", {"encryption": "aes-256", "integrity": i[1]}) for i in INTEGRITY]
    rows += [(f"null-{i[0]}", {"encryption": "null", "integrity": i[1]}) for i in INTEGRITY if i[0] != "sha1"]
    return rows + [(c[0], {"encryption": c[1]}) for c in AEAD]


def ah_rows():
    return [(i[0], {"protocol": "ah", "integrity": i[1]}) for i in INTEGRITY]


def phase2(t, rows, kind, esp):
    """Each row without and with PFS, all on one IKE_SA; the keys of both sides are compared."""
    cases = [(f"{proposal}-{group[0]}" if group else proposal, transforms, group)
             for n, (proposal, transforms) in enumerate(rows) for group in (None, PFS[n % len(PFS)])]
    sets = [{"name": f"s{n}", **transforms} for n, (_, transforms, _) in enumerate(cases)]
    entries = [entry(n, transform_sets=[f"s{n}"], pfs=group[1] if group else "none")
               for n, (_, _, group) in enumerate(cases)]
    children = {f"k{n}": child(n, None, **{f"{kind}_proposals": proposal})
                for n, (proposal, _, _) in enumerate(cases)}
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy(entries, sets=sets))
        charon = Charon(init, {"gw": connection("aes128-sha256-modp2048", children)}, esp=esp)
        for n, (proposal, transforms, group) in enumerate(cases):
            with t.step(proposal):
                mark = d.log.mark()
                charon.initiate(f"k{n}")
                d.log.wait("PHASE 2 COMPLETED", mark)
                [(_, spi_in, spi_out)] = [c for c in charon.children() if c[0] == f"k{n}"]
                [ours] = [s for s in d.ipsec_sas() if (s["spi_out"], s["spi_in"]) == (spi_in, spi_out)]
                shown = {k: ours[k] for k in transforms}
                assert shown == transforms, f"the daemon shows {shown} for {transforms}"
                assert ours["pfs_group"] == (group[1] if group else None), ours["pfs_group"]
            with t.step(f"{proposal}: the keys of both sides are the same"):
                lab.same_keys(charon, d, spi_in, spi_out)


@case("phase 2 ESP")
def phase2_esp(t):
    phase2(t, esp_rows(), "esp", esp=True)


@case("phase 2 AH")
def phase2_ah(t):
    phase2(t, ah_rows(), "ah", esp=False)
