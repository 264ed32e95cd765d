import type { PermissionTable } from '../kernel/http/principal.ts';

const traders = ['resourceProvider', 'productSupplier', 'dataMerchant', 'demander'];

export const permissions: PermissionTable = {
  'federation.read': {
    title: { zh: '查看本单位连接器及其协商、传输', en: 'See the organisation’s connector, negotiations and transfers' },
    roles: traders,
    seats: ['administrator', 'trader', 'finance', 'steward', 'developer'],
  },
  'federation.write': {
    title: { zh: '开通连接器、设置规则并回应对方', en: 'Open the connector, set its rules, answer counter-parties' },
    roles: traders,
    seats: ['administrator', 'trader'],
  },
};
