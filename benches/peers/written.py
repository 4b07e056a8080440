"""Code written for one network each: loops in C, and rebop's macro."""

from math import factorial

HEAD = r"""
#include <math.h>
#include <stdint.h>
#include <string.h>
#define SPECIES %(species)d
static inline uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
static uint64_t splitmix(uint64_t *x) {
  uint64_t z = (*x += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}
"""

SCALAR = r"""
typedef struct { uint64_t s[4]; } Rng;
static inline uint64_t next(Rng *r) {
  uint64_t *s = r->s, out = rotl(s[0] + s[3], 23) + s[0], t = s[1] << 17;
  s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t; s[3] = rotl(s[3], 45);
  return out;
}
static inline double unit(Rng *r) { return ((double)(next(r) >> 12) + 0.5) * 0x1p-52; }

/* Gillespie's direct method, one trajectory after the other. */
uint64_t scalar(uint64_t seed, long trajectories, double end, double *sums, double *squares) {
  uint64_t events = 0;
  Rng rng;
  for (int i = 0; i < 4; i++) rng.s[i] = splitmix(&seed);
  for (long n = 0; n < trajectories; n++) {
    double %(declare)s, t = 0;
    for (;;) {
      %(propensities)s
      double total = c%(last)d;
      if (!(total > 0)) break;
      t -= log(unit(&rng)) / total;
      if (t > end) break;
      double u = unit(&rng) * total;
      events++;
      %(choose)s
    }
    %(record)s
  }
  return events;
}
"""

LANES = r"""
#include <immintrin.h>
typedef __m512d V;
typedef __m512i B;
static inline B next8(B s[4]) {
  B out = _mm512_add_epi64(_mm512_rol_epi64(_mm512_add_epi64(s[0], s[3]), 23), s[0]), t = _mm512_slli_epi64(s[1], 17);
  s[2] = _mm512_xor_si512(s[2], s[0]); s[3] = _mm512_xor_si512(s[3], s[1]);
  s[1] = _mm512_xor_si512(s[1], s[2]); s[0] = _mm512_xor_si512(s[0], s[3]);
  s[2] = _mm512_xor_si512(s[2], t); s[3] = _mm512_rol_epi64(s[3], 45);
  return out;
}
static inline V unit8(B bits) {
  V x = _mm512_castsi512_pd(_mm512_or_si512(_mm512_srli_epi64(bits, 12), _mm512_set1_epi64(0x3ff0000000000000)));
  return _mm512_sub_pd(x, _mm512_set1_pd(1.0 - 0x1p-53));
}
/* ln x by exponent and the series of the inverse hyperbolic tangent, to about 1e-10. */
static inline V log8(V x) {
  V m = _mm512_getmant_pd(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_src);
  V e = _mm512_getexp_pd(_mm512_div_pd(x, m));
  V one = _mm512_set1_pd(1), s = _mm512_div_pd(_mm512_sub_pd(m, one), _mm512_add_pd(m, one)), q = _mm512_mul_pd(s, s);
  V p = _mm512_set1_pd(2.0 / 13);
  p = _mm512_fmadd_pd(p, q, _mm512_set1_pd(2.0 / 11));
  p = _mm512_fmadd_pd(p, q, _mm512_set1_pd(2.0 / 9));
  p = _mm512_fmadd_pd(p, q, _mm512_set1_pd(2.0 / 7));
  p = _mm512_fmadd_pd(p, q, _mm512_set1_pd(2.0 / 5));
  p = _mm512_fmadd_pd(p, q, _mm512_set1_pd(2.0 / 3));
  p = _mm512_fmadd_pd(p, q, _mm512_set1_pd(2.0));
  return _mm512_fmadd_pd(e, _mm512_set1_pd(0.6931471805599453), _mm512_mul_pd(s, p));
}

/* The direct method in eight lanes; a lane that ends takes the next trajectory. */
uint64_t lanes(uint64_t seed, long trajectories, double end, double *sums, double *squares) {
  uint64_t events = 0;
  union { B v[4]; uint64_t u[4][8]; } rng;
  for (int i = 0; i < 4; i++) for (int l = 0; l < 8; l++) rng.u[i][l] = splitmix(&seed);
  B s[4] = {rng.v[0], rng.v[1], rng.v[2], rng.v[3]};
  V %(declare_lanes)s, t = _mm512_setzero_pd();
  long begun = trajectories < 8 ? trajectories : 8;
  __mmask8 active = (1 << begun) - 1;
  const V horizon = _mm512_set1_pd(end);
  while (active) {
    %(propensities_lanes)s
    V total = c%(last)d;
    t = _mm512_sub_pd(t, _mm512_div_pd(log8(unit8(next8(s))), total));
    V u = _mm512_mul_pd(unit8(next8(s)), total);
    __mmask8 on = _mm512_cmp_pd_mask(t, horizon, _CMP_LE_OQ) & active, off = active & ~on;
    %(choose_lanes)s
    events += __builtin_popcount(on);
    if (__builtin_expect(off, 0)) {
      for (int l = 0; l < 8; l++) if (off >> l & 1) {
        double x; __mmask8 lane = 1 << l;
        %(record_lanes)s
        t = _mm512_mask_mov_pd(t, lane, _mm512_setzero_pd());
        if (begun < trajectories) begun++; else active &= ~lane;
      }
    }
  }
  return events;
}
"""


def changes(network, reaction):
    _, a, b = reaction
    net = {s: b.get(s, 0) - a.get(s, 0) for s in network.species}
    return {s: n for s, n in net.items() if n}


def c_code(network):
    """A scalar loop and one in eight lanes of AVX-512, with constants and stoichiometry written out."""
    last = len(network.reactions) - 1
    scalar, vector = [], []
    for j, (k, a, _) in enumerate(network.reactions):
        factors = [f"({s} - {i})" if i else s for s, n in a.items() for i in range(n)]
        for n in a.values():
            k /= factorial(n)
        scalar.append(f"double c{j} = {' * '.join([repr(k), *factors])}{f' + c{j - 1}' if j else ''};")
        value = f"_mm512_set1_pd({k!r})"
        for s, n in a.items():
            for i in range(n):
                value = f"_mm512_mul_pd({value}, {f'_mm512_sub_pd({s}, _mm512_set1_pd({i}))' if i else s})"
        vector.append(f"V c{j} = {f'_mm512_add_pd(c{j - 1}, {value})' if j else value};")
    def update(reaction):
        return " ".join(f"{s} += {n};" for s, n in changes(network, reaction).items())
    choose = []
    for j, reaction in enumerate(network.reactions):
        head = "else " if j else ""
        condition = f"if (u < c{j}) " if j < last else ""
        choose.append(f"{head}{condition}{{ {update(reaction)} }}")
    choose_lanes = ["__mmask8 passed = on, hit;"]
    for j, reaction in enumerate(network.reactions):
        if j < last:
            choose_lanes.append(f"{{ __mmask8 p = _mm512_mask_cmp_pd_mask(passed, c{j}, u, _CMP_LE_OQ); hit = passed & ~p; passed = p; }}")
        else:
            choose_lanes.append("hit = passed;")
        for s, n in changes(network, reaction).items():
            choose_lanes.append(f"{s} = _mm512_mask_add_pd({s}, hit, {s}, _mm512_set1_pd({n}));")
    record = "".join(f"sums[{i}] += {s}; squares[{i}] += {s} * {s}; " for i, s in enumerate(network.species))
    record_lanes = "".join(
        f"x = ((double *)&{s})[l]; sums[{i}] += x; squares[{i}] += x * x; "
        f"{s} = _mm512_mask_mov_pd({s}, lane, _mm512_set1_pd({n})); "
        for i, (s, n) in enumerate(network.initial.items())
    )
    parts = {
        "species": len(network.initial),
        "declare": ", ".join(f"{s} = {n}" for s, n in network.initial.items()),
        "declare_lanes": ", ".join(f"{s} = _mm512_set1_pd({n})" for s, n in network.initial.items()),
        "propensities": "\n      ".join(scalar),
        "propensities_lanes": "\n    ".join(vector),
        "last": last,
        "choose": "\n      ".join(choose),
        "choose_lanes": "\n    ".join(choose_lanes),
        "record": record,
        "record_lanes": record_lanes,
    }
    return HEAD % parts + SCALAR % parts + "\n#ifdef __AVX512DQ__\n" + LANES % parts + "\n#endif\n"


def rebop_macro(network):
    """A function that runs the network by rebop's macro."""
    def term(counts):
        return " + ".join(f"{n} {s}" if n > 1 else s for s, n in counts.items())

    name = "M" + network.name.replace("-", "_")
    parameters = " ".join(f"k{j}" for j in range(len(network.reactions)))
    rows = [f"r{j}: {term(a)} => {term(b)} @ k{j}" for j, (_, a, b) in enumerate(network.reactions)]
    # Propensities of the macro are k n (n - 1) ..., without the factorials.
    constants = []
    for k, a, _ in network.reactions:
        for n in a.values():
            k /= factorial(n)
        constants.append(repr(k))
    start = " ".join(f"system.{s} = {n};" for s, n in network.initial.items())
    values = ", ".join(f"system.{s} as f64" for s in network.species)
    return f"""
rebop::define_system! {{
    {parameters};
    {name} {{ {', '.join(network.species)} }}
    {' '.join(rows)}
}}
#[allow(non_snake_case)]
fn {name}_run(seed: u64, trajectories: u64, end: f64, sums: &mut Sums) {{
    let mut system = {name}::with_parameters({', '.join(constants)});
    system.seed(seed);
    for _ in 0..trajectories {{
        {start}
        system.t = 0.0;
        system.advance_until(end);
        sums.add(&[{values}]);
    }}
}}
"""
