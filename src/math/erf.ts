/*!
 * The rational approximations in this file are those of s_erf.c in FreeBSD's libm, under this notice:
 *
 * Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
 *
 * Developed at SunPro, a Sun Microsystems, Inc. business.
 * Permission to use, copy, modify, and distribute this
 * software is freely granted, provided that this notice
 * is preserved.
 */

import { polynomial } from './polynomial.ts'

/** erf(1) to single precision, about which the middle range is expanded. */
const ERF_1 = 0.8450629115104675

/** Beyond it, 1 - erf(x) is less than the rounding error of 1. */
const ERF_END = 6

/** Beyond it, erfc(x) is less than the smallest double. */
const ERFC_END = 27.3

/**
 * The error function, 2/√π ∫₀ˣ e^(-t²) dt.
 * Source: FreeBSD's `s_erf.c`. Relative error under 3e-16. NaN gives NaN.
 */
export function erf(x: number): number {
  const size = Math.abs(x)
  if (size < 0.84375) return x + x * smallRatio(x * x)
  if (Number.isNaN(x)) return x
  const positive = size < 1.25 ? ERF_1 + middleRatio(size - 1) : size < ERF_END ? 1 - tail(size) : 1
  return x < 0 ? -positive : positive
}

/**
 * The complement 1 - erf(x), exact to the last digits where erf(x) is nearly 1 too.
 * Source: FreeBSD's `s_erf.c`. Relative error under 4e-16 as long as the result is a normal number; NaN gives NaN.
 */
export function erfc(x: number): number {
  const size = Math.abs(x)
  if (size < 0.84375) {
    // From 1/4 on, 1 - erf(x) would cancel.
    return x < 0.25 ? 1 - (x + x * smallRatio(x * x)) : 0.5 - (x - 0.5 + x * smallRatio(x * x))
  }
  if (Number.isNaN(x)) return x
  if (size < 1.25) {
    return x < 0 ? 1 + (ERF_1 + middleRatio(size - 1)) : 1 - ERF_1 - middleRatio(size - 1)
  }
  if (x < 0) return size < ERF_END ? 2 - tail(size) : 2
  return size < ERFC_END ? tail(size) : 0
}

/**
 * The scaled complement e^(x²) erfc(x), which stays a normal number for all x above -26.6; below, it is Infinity.
 * Source: the ratios of `erfc` without their exponential; for large x, the asymptotic series 7.12.1 of NIST's Digital
 * Library of Mathematical Functions. Relative error under 3e-15, for negative x up to x² times that of a double; NaN
 * gives NaN.
 */
export function erfcx(x: number): number {
  if (x >= 28) return asymptotic(x)
  if (x >= 1.25) return Math.exp(-0.5625 + tailRatio(x)) / x
  if (x >= -1.25) return Math.exp(x * x) * erfc(x)
  return x < 0 ? 2 * Math.exp(x * x) - erfcx(-x) : x
}

// erfc for x from 1.25 on.
function tail(x: number): number {
  // The square of a number of 24 bits is exact, so that the first exponential has no rounding of its argument.
  const z = Math.fround(x)
  return (Math.exp(-z * z - 0.5625) * Math.exp((z - x) * (z + x) + tailRatio(x))) / x
}

// log(x e^(x²) erfc(x)) + 0.5625.
function tailRatio(x: number): number {
  const s = 1 / (x * x)
  return x < 1 / 0.35
    ? polynomial(TAIL_NEAR_UP, s) / polynomial(TAIL_NEAR_DOWN, s)
    : polynomial(TAIL_FAR_UP, s) / polynomial(TAIL_FAR_DOWN, s)
}

function smallRatio(z: number): number {
  return polynomial(SMALL_UP, z) / polynomial(SMALL_DOWN, z)
}

function middleRatio(s: number): number {
  return polynomial(MIDDLE_UP, s) / polynomial(MIDDLE_DOWN, s)
}

function asymptotic(x: number): number {
  const s = 1 / (2 * x * x)
  // 1·3·5 … (2k - 1) terms of alternating sign.
  const series = 1 - s * (1 - 3 * s * (1 - 5 * s * (1 - 7 * s * (1 - 9 * s * (1 - 11 * s)))))
  return series / (x * Math.sqrt(Math.PI))
}

const SMALL_UP = Float64Array.of(
  -0.000023763016656650163,
  -0.005770270296489442,
  -0.02848174957559851,
  -0.3250421072470015,
  0.12837916709551256,
)
const SMALL_DOWN = Float64Array.of(
  -0.000003960228278775368,
  0.00013249473800432164,
  0.005081306281875766,
  0.0650222499887673,
  0.39791722395915535,
  1,
)
const MIDDLE_UP = Float64Array.of(
  -0.002166375594868791,
  0.035478304325618236,
  -0.11089469428239668,
  0.31834661990116175,
  -0.3722078760357013,
  0.41485611868374833,
  -0.0023621185607526594,
)
const MIDDLE_DOWN = Float64Array.of(
  0.011984499846799107,
  0.01363708391202905,
  0.12617121980876164,
  0.07182865441419627,
  0.540397917702171,
  0.10642088040084423,
  1,
)
const TAIL_NEAR_UP = Float64Array.of(
  -9.814329344169145,
  -81.2874355063066,
  -184.60509290671104,
  -162.39666946257347,
  -62.375332450326006,
  -10.558626225323291,
  -0.6938585727071818,
  -0.009864944034847148,
)
const TAIL_NEAR_DOWN = Float64Array.of(
  -0.0604244152148581,
  6.570249770319282,
  108.63500554177944,
  429.00814002756783,
  645.3872717332679,
  434.56587747522923,
  137.65775414351904,
  19.651271667439257,
  1,
)
const TAIL_FAR_UP = Float64Array.of(
  -483.5191916086514,
  -1025.0951316110772,
  -637.5664433683896,
  -160.63638485582192,
  -17.757954917754752,
  -0.799283237680523,
  -0.0098649429247001,
)
const TAIL_FAR_DOWN = Float64Array.of(
  -22.44095244658582,
  474.52854120695537,
  2553.0504064331644,
  3199.8582195085955,
  1536.729586084437,
  325.7925129965739,
  30.33806074348246,
  1,
)
