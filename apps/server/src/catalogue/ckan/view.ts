/** Listed products in CKAN's shapes. The id is also the name: ours do not change, and are made of letters a name may have. */
import type { Listed } from '../reads.ts';

export interface CkanContext {
  /** Outside address of the portal, without a slash at the end. */
  url: string;
  supplierName(participant: string): string;
}

/** Said of every product: its licence is the contract that its buyer signs. */
export const licence = {
  id: 'contract',
  title: '按交易合同授权使用',
  status: 'active',
  is_okd_compliant: false,
  is_osi_compliant: false,
  od_conformance: 'not reviewed',
  osd_conformance: 'not reviewed',
} as const;

/** CKAN tells times in UTC, without a zone. */
const moment = (at: Date): string => at.toISOString().replace('Z', '000');

export const organisationView = (id: string, title: string, packages?: number) => ({
  id,
  name: id,
  title,
  display_name: title,
  description: '',
  type: 'organization',
  is_organization: true,
  approval_status: 'approved',
  state: 'active',
  image_url: '',
  image_display_url: '',
  ...(packages === undefined ? {} : { package_count: packages }),
});

/** Groups are the sections of GB/T 4754. */
export const groupOf = (industry: string): string => `industry-${industry.slice(0, 1).toLowerCase()}`;
export const groupView = (name: string, packages?: number) => {
  const title = `GB/T 4754 ${name.slice(-1).toUpperCase()}`;
  return {
    id: name,
    name,
    title,
    display_name: title,
    description: '',
    type: 'group',
    is_organization: false,
    state: 'active',
    image_display_url: '',
    ...(packages === undefined ? {} : { package_count: packages }),
  };
};

export const tagView = (word: string) => ({
  id: word,
  name: word,
  display_name: word,
  state: 'active',
  vocabulary_id: null,
});

/** Of the file alone, where all of its tables are stored here. */
const bytesOf = ({ version }: Listed): number | null => {
  const known = version.tables.flatMap(({ bytes }) => bytes ?? []);
  return known.length > 0 && known.length === version.tables.length ? known.reduce((sum, one) => sum + one, 0) : null;
};

export const packageView = (listed: Listed, { url, supplierName }: CkanContext) => {
  const { product, version } = listed;
  const { about } = version;
  const page = `${url}/products/${product.id}`;
  const supplier = supplierName(product.participant);
  const modified = moment(product.publishedAt!);
  const resources = about.deliveryModes.map((mode, position) => ({
    id: `${product.id}-${mode}`,
    package_id: product.id,
    position,
    name: `${about.name} (${mode})`,
    description: '',
    format: mode.toUpperCase(),
    mimetype: null,
    url: page,
    url_type: null,
    size: mode === 'file' ? bytesOf(listed) : null,
    hash: '',
    state: 'active',
    created: moment(version.createdAt),
    last_modified: moment(version.createdAt),
    metadata_modified: modified,
  }));
  const extras = {
    identifier: product.id,
    uri: page,
    issued: product.publishedAt!.toISOString(),
    modified: version.createdAt.toISOString(),
    publisher_uri: `${url}/organisations/${product.participant}`,
    industry: about.industry,
    region: about.region,
    frequency: about.updateCycle,
    kind: about.kind,
    version_id: version.id,
    contract: `${url}/api/products/${product.id}/versions/${version.id}/contract.yaml`,
  };
  return {
    id: product.id,
    name: product.id,
    title: about.name,
    notes: about.description || about.summary,
    url: page,
    version: String(version.number),
    type: 'dataset',
    state: 'active',
    private: false,
    isopen: false,
    author: supplier,
    author_email: null,
    maintainer: null,
    maintainer_email: null,
    license_id: licence.id,
    license_title: licence.title,
    metadata_created: moment(product.createdAt),
    metadata_modified: modified,
    owner_org: product.participant,
    organization: organisationView(product.participant, supplier),
    groups: [groupView(groupOf(about.industry))],
    tags: about.keywords.map(tagView),
    num_tags: about.keywords.length,
    resources,
    num_resources: resources.length,
    extras: Object.entries(extras).map(([key, value]) => ({ key, value })),
    relationships_as_subject: [],
    relationships_as_object: [],
  };
};
