import type { PermissionTable } from '../kernel/http/principal.ts';

const supplierSide = ['resourceProvider', 'productSupplier', 'dataMerchant'];

export const permissions: PermissionTable = {
  'catalogue.product.write': {
    title: { zh: '编制产品与版本', en: 'Write products and versions' },
    roles: supplierSide,
    seats: ['steward', 'trader'],
  },
  'catalogue.product.read': {
    title: { zh: '查看本单位产品', en: 'See the organisation’s products' },
    roles: supplierSide,
    seats: ['administrator', 'trader', 'finance', 'steward', 'developer'],
  },
  'catalogue.product.supervise': {
    title: { zh: '查看全部产品（含未上架）', en: 'See every product, listed or not' },
    roles: ['operator', 'regulator'],
    seats: ['reviewer', 'approver', 'service', 'officer'],
  },
  'catalogue.harvest.read': {
    title: { zh: '查看目录采集', en: 'See harvest sources and runs' },
    roles: [...supplierSide, 'operator'],
    seats: ['administrator', 'trader', 'steward', 'developer', 'reviewer', 'approver', 'service'],
  },
  'catalogue.harvest.write': {
    title: { zh: '管理目录采集源并采集', en: 'Manage harvest sources and harvest' },
    roles: [...supplierSide, 'operator'],
    seats: ['trader', 'steward', 'service'],
  },
  'catalogue.harvest.supervise': {
    title: { zh: '管理全部目录采集', en: 'Look after everybody’s harvest sources' },
    roles: ['operator'],
    seats: ['reviewer', 'approver', 'service'],
  },
};
