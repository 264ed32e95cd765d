/** Which of our formats a file claims to be, by its bytes alone; nothing is verified, and damage elsewhere in it does not matter. */
const formats = { 'shugu-bundle': 'bundle', 'shugu-receipts': 'receipts', 'shugu-promise': 'promise' } as const;
export type EvidenceFormat = (typeof formats)[keyof typeof formats];

export const claimedFormat = (text: string): EvidenceFormat | undefined => {
  const claimed = /"format":"(shugu-[a-z]+)"/.exec(text)?.[1];
  return claimed && claimed in formats ? formats[claimed as keyof typeof formats] : undefined;
};
