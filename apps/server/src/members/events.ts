/** Facts that this room tells the others. Subject is the organisation unless said. */
export const eventTypes = {
  /** data: { name, roles } */
  applied: 'members.organisation.applied',
  /** data: { roles } — newly active ones */
  activated: 'members.organisation.activated',
  refused: 'members.organisation.refused',
  suspended: 'members.organisation.suspended',
  restored: 'members.organisation.restored',
  /** subject: person */
  personDisabled: 'members.person.disabled',
  /** subject: rule version; data: { document, effectiveOn } */
  rulePublished: 'members.rulebook.published',
} as const;
