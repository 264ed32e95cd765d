import type { PermissionTable } from '../kernel/http/principal.ts';

const supplierSide = ['resourceProvider', 'productSupplier', 'dataMerchant'];
const traders = [...supplierSide, 'demander'];

export const permissions: PermissionTable = {
  'delivery.endpoint.write': {
    title: { zh: '配置交付方式', en: 'Set how versions are delivered' },
    roles: supplierSide,
    seats: ['trader', 'steward', 'developer'],
  },
  'delivery.grant.read': {
    title: { zh: '查看本单位使用授权', en: 'See the organisation’s grants' },
    roles: traders,
    seats: ['administrator', 'trader', 'finance', 'steward', 'developer'],
  },
  'delivery.grant.supervise': {
    title: { zh: '查看全部使用授权', en: 'See every grant' },
    roles: ['operator', 'regulator'],
    seats: ['reviewer', 'approver', 'service', 'officer', 'administrator'],
  },
  'delivery.key.write': {
    title: { zh: '管理授权密钥与下载地址', en: 'Manage keys and addresses of grants' },
    roles: traders,
    seats: ['administrator', 'trader', 'developer'],
  },
};
