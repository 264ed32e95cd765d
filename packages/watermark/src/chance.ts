/** Natural logarithm of n!, by Stirling's series; exact to about 1e-12 from 10 on, and summed below. */
const logFactorial = (n: number): number => {
  if (n < 10) {
    let sum = 0;
    for (let at = 2; at <= n; at++) sum += Math.log(at);
    return sum;
  }
  const inverse = 1 / n;
  const series = inverse / 12 - inverse ** 3 / 360 + inverse ** 5 / 1260;
  return n * Math.log(n) - n + Math.log(2 * Math.PI * n) / 2 + series;
};

/**
 * log10 of the chance that at least `hits` of `tosses` fair coins fall as foretold. Never above 0; for half or fewer hits 0 is
 * answered, since that accuses nobody.
 */
export const logChance = (hits: number, tosses: number): number => {
  if (hits * 2 <= tosses) return 0;
  const first = logFactorial(tosses) - logFactorial(hits) - logFactorial(tosses - hits) - tosses * Math.LN2;
  let sum = 1;
  let term = 1;
  for (let at = hits; at < tosses && term > sum * 1e-17; at++) {
    term *= (tosses - at) / (at + 1);
    sum += term;
  }
  return Math.min(0, (first + Math.log(sum)) / Math.LN10);
};
