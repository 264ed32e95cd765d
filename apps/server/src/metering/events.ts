/** Facts this room tells. */
export interface MeteringEvents {
  /** A segment was checked and imported; its root stands in the public log as a commitment. */
  'metering.segment.imported': { source: string; segment: number; firstSequence: number; lastSequence: number };
  /** Two people corrected a use; the figures of its day have changed. */
  'metering.correction.recorded': { correction: string; grant: string; contract: string | null; use: string };
}
