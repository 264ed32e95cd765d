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
};
