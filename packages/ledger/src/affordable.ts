import type { Fen } from './fen.ts';
import { LedgerError } from './problem.ts';
import { type PricePlan, quantityMax, rate } from './rating.ts';

/** What is dearer than the books can hold is dearer than anything. */
function costsMore(plan: PricePlan, quantity: bigint, fen: Fen): boolean {
  try {
    return rate(plan, quantity).amountFen > fen;
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'amount-out-of-range') return true;
    throw error;
  }
}

/** Ends of the stretches in which a plan's price only grows: where something is included, and where a tier ends. */
function stretchEnds(plan: PricePlan): bigint[] {
  const included = 'included' in plan ? BigInt(plan.included ?? 0) : 0n;
  const tiers = plan.kind === 'tiered' ? plan.tiers.flatMap(({ upTo }) => (upTo === null ? [] : [BigInt(upTo)])) : [];
  return [included, ...tiers.map((upTo) => included + upTo), quantityMax].filter((end) => end <= quantityMax);
}

/** Largest quantity in (from, to] that costs no more than `fen`, where `from` does and the price does not fall in between. */
function lastWithin(plan: PricePlan, fen: Fen, from: bigint, to: bigint): bigint {
  let [inside, outside] = [from, to];
  while (outside - inside > 1n) {
    const middle = (inside + outside) / 2n;
    if (costsMore(plan, middle, fen)) outside = middle;
    else inside = middle;
  }
  return inside;
}

/**
 * How much use `fen` pays for in one statement line: the largest quantity that, like every smaller one, costs no more; null
 * without end, as where use costs nothing. A minimum charge above `fen` pays for nothing. Volume prices may fall again beyond
 * a tier's end: what is cheaper there cannot be reached without passing what is dearer.
 */
export function affordableQuantity(plan: PricePlan, fen: Fen): bigint | null {
  if (costsMore(plan, 0n, fen)) return 0n;
  let reached = 0n;
  for (const end of stretchEnds(plan)) {
    if (end <= reached) continue;
    // The first unit of a stretch may cost less than the last of the one before; its end costs most.
    if (costsMore(plan, reached + 1n, fen)) return reached;
    if (costsMore(plan, end, fen)) return lastWithin(plan, fen, reached + 1n, end);
    reached = end;
  }
  return null;
}
