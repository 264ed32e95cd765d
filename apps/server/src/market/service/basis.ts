/** What a contract on a listed version stands on beside the registered rights: the market's part of its basis. */
import type { BasisItem } from '../../agreements/index.ts';
import type { Reader } from '../../kernel/db/db.ts';
import type { Listing } from '../model.ts';
import * as reads from '../reads.ts';

export const basisOf = async (read: Reader, listing: Pick<Listing, 'basis'>): Promise<BasisItem[]> => {
  const items: BasisItem[] = [];
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
export const standingBasis = async (read: Reader, version: string): Promise<BasisItem[]> => {
  const listing = await reads.listingOfVersion(read, version);
  return listing && listing.state !== 'suspended' ? basisOf(read, listing) : [];
};
