/** Facts of data spaces. */
export interface SpacesEvents {
  'spaces.space.founded': { space: string; kind: string };
  'spaces.space.admitted': { space: string };
  'spaces.space.ended': { space: string; state: 'refused' | 'withdrawn' | 'closed' | 'revoked'; reason: string };
  'spaces.rules.published': { space: string; number: number; digest: string };
  'spaces.member.moved': { space: string; member: string; state: string };
  'spaces.member.signed': { space: string; member: string; number: number };
  /** `product`: null of an entry of another catalogue or node. */
  'spaces.entry.added': { space: string; entry: string; product: string | null };
  'spaces.entry.withdrawn': { space: string; entry: string; product: string | null; reason: string };
  'spaces.catalogue.nested': { space: string; catalogue: string };
  'spaces.catalogue.withdrawn': { space: string; catalogue: string; reason: string };
}
