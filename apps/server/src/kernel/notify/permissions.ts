import type { PermissionTable } from '../http/principal.ts';

const everybody = [
  'operator',
  'registrar',
  'regulator',
  'resourceProvider',
  'technicalServiceProvider',
  'productSupplier',
  'demander',
  'dataMerchant',
  'serviceBody',
];

export const notifyPermissions: PermissionTable = {
  'notify.webhook.read': {
    title: { zh: '查看本单位接收地址与发送记录', en: 'See the organisation’s webhooks and their letters' },
    roles: everybody,
    seats: ['administrator', 'developer', 'systemAdministrator'],
  },
  'notify.webhook.keep': {
    title: { zh: '登记、暂停、移除接收地址', en: 'Register, pause and remove webhooks' },
    roles: everybody,
    seats: ['administrator', 'systemAdministrator'],
  },
};
