/** Who is signed in, and what they may do. The server decides; the page only explains. */
import { readMe } from '@shugu/wire/members';
import { useQuery } from '@tanstack/react-query';
import { client, ProblemError, type Reply } from './api.ts';

export type Me = Reply<typeof readMe>;

/** null for strangers; undefined while unknown. */
export const useMe = (): Me | null | undefined =>
  useQuery<Me | null>({
    queryKey: ['session'],
    queryFn: async () => {
      try {
        return await client.call(readMe, {});
      } catch (error) {
        if (error instanceof ProblemError && error.problem.status === 401) return null;
        throw error;
      }
    },
    staleTime: 60_000,
  }).data;

export const may = (me: Me | null | undefined, permission: string): boolean =>
  permission === 'public' || (me != null && (permission === 'signedIn' || me.permissions.includes(permission)));

export const hasRole = (me: Me | null | undefined, ...roles: string[]): boolean =>
  me != null && me.organisation.roles.some((one) => roles.includes(one.role));

export const supplierRoles = ['resourceProvider', 'productSupplier', 'dataMerchant', 'technicalServiceProvider'];
export const isSupplier = (me: Me | null | undefined) => hasRole(me, ...supplierRoles);
export const isBuyer = (me: Me | null | undefined) => hasRole(me, 'demander', ...supplierRoles);
