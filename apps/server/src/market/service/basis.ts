/** What a contract on a listed version stands on beside the registered rights: the market's part of its basis. */
import type { BasisItem } from '../../agreements/index.ts';
import type { CaseRecord } from '../../kernel/case/index.ts';
import type { Reader } from '../../kernel/db/db.ts';
import { systemPrincipal } from '../../kernel/http/principal.ts';
import type { Listing, MarketDeps } from '../model.ts';
import * as reads from '../reads.ts';

const titleProofsMax = 10;

/** Papers that a listing without certificates stands on, filed with its case: both must be there. */
export const titlePapers = ['titleProof', 'legalOpinion'] as const;

/** What of the kind the supplier filed with the listing's case, by digest. */
export const papersFiled = (one: CaseRecord, kind: (typeof titlePapers)[number]): string[] =>
  one.papers.flatMap((paper) =>
    paper.kind === kind && paper.participant === one.participant && paper.object ? [paper.object] : [],
  );

/** The proof of title covers the whole product, and ends only with the report. */
const titleOf = async (
  deps: Pick<MarketDeps, 'cases'>,
  read: Reader,
  listing: Pick<Listing, 'basis' | 'case_id'>,
): Promise<BasisItem[]> => {
  if (listing.basis.kind !== 'opinion' || !listing.case_id) return [];
  const filed = await deps.cases.find(read, systemPrincipal('listing-basis'), listing.case_id);
  return papersFiled(filed, 'titleProof')
    .slice(0, titleProofsMax)
    .map((reference) => ({ kind: 'titleProof', reference, subject: '', until: null }));
};

export const basisOf = async (
  deps: Pick<MarketDeps, 'cases'>,
  read: Reader,
  listing: Pick<Listing, 'basis' | 'case_id'>,
): Promise<BasisItem[]> => {
  const items = await titleOf(deps, read, listing);
  for (const id of listing.basis.reports) {
    const report = await reads.findReport(read, id);
    if (!report) continue;
    items.push({
      kind: 'complianceReport',
      reference: report.number,
      subject: '',
      until: report.valid_until.toISOString(),
    });
  }
  return items;
};

/** Of the version's newest listing: nothing while it is suspended. Taken down, it leaves contracts as they are. */
export const standingBasis = async (
  deps: Pick<MarketDeps, 'cases'>,
  read: Reader,
  version: string,
): Promise<BasisItem[]> => {
  const listing = await reads.listingOfVersion(read, version);
  return listing && listing.state !== 'suspended' ? basisOf(deps, read, listing) : [];
};
