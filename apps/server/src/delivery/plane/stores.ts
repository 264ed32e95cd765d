/** Point stores that this room builds; the gateway opens them. */
export { openStores, storePath, storeTable } from '@shugu/gateway';

export const storeName = (endpoint: string, revision: number): string => `${endpoint}-${revision}`;
