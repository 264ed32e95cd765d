/** A first registration begun from what is known of the resource and of the applicant; everything stays open to change. */
import type { readOwnOrganisation } from '@shugu/wire/members';
import type { getResource } from '@shugu/wire/registry';
import type { Reply } from '../api.ts';

type Resource = Reply<typeof getResource>;
type Organisation = Reply<typeof readOwnOrganisation>;

// The form asks how law sees the applicant: what is neither a legal person nor a natural one is told by the applicant.
const legal = new Set(['enterprise', 'publicInstitution', 'government', 'socialOrganisation']);

export const applicantOf = (organisation: Organisation): Record<string, unknown> => ({
  name: organisation.name,
  number: organisation.creditCode,
  ...(legal.has(organisation.kind) ? { kind: 'legal' } : {}),
});

/** `place`: the resource's region by name. Names of fields are the form's (rule pack `dpr26`, registration.first). */
export const registrationOf = (
  resource: Resource,
  organisation: Organisation,
  place: string | undefined,
): Record<string, unknown> => ({
  applicants: [applicantOf(organisation)],
  objectKind: 'resource',
  dataName: resource.name,
  dataSummary: resource.summary,
  industry: resource.industry,
  dataSource: resource.source,
  regionScope: resource.regionScope,
  regionName: place,
  timeFrom: resource.timeFrom,
  timeTo: resource.timeUntil ?? undefined,
  updateFrequency: resource.updateFrequency,
  rows: resource.content?.rowCount ?? undefined,
  dataForm: resource.forms,
  structure: resource.structure,
  limits: resource.limits,
  rights: [{ holder: organisation.name, code: organisation.creditCode }],
});
