/** Facts this room tells; the subject is the directive or suspension, the participant its author's organisation. */
interface About {
  number: string;
  measure: 'freeze' | 'suspendListing' | 'explain' | 'lift';
  kind: string;
  target: string;
}

export interface SupervisionEvents {
  /** Drafted; an emergency freeze acts already. */
  'supervision.directive.issued': About & { emergency: boolean };
  /** By a second person. */
  'supervision.directive.confirmed': About;
  'supervision.directive.declined': About;
  /** Nobody confirmed an emergency freeze in time. */
  'supervision.directive.lapsed': About;
  'supervision.directive.answered': About & { by: string };
  /** The subject is the directive lifted, `by` the one that lifts it. */
  'supervision.directive.lifted': About & { by: string };
  'supervision.suspension.proposed': { kind: string; target: string };
  'supervision.suspension.declined': { kind: string; target: string };
  'supervision.suspension.confirmed': { kind: string; target: string };
  'supervision.suspension.lifted': { kind: string; target: string };
  /** By two people; the participant is who ordered the hold. */
  'supervision.legalHold.effective': { kind: string; target: string };
  'supervision.legalHold.lifted': { kind: string; target: string };
  /** Its own time was over. */
  'supervision.legalHold.expired': { kind: string; target: string };
  /** Closed by an officer, with what was done. */
  'supervision.risk.handled': { rule: string };
  'supervision.risk.reopened': { rule: string };
}
