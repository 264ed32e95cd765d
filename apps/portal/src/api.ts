/** Calls of the exchange: the typed client on the page's cookie session, with reads and writes as hooks. */
import { type CallInput, type CallOutput, makeClient, ProblemError } from '@shugu/wire/client';
import type { AnyEndpoint } from '@shugu/wire/endpoint';
import { QueryClient, type UseQueryResult, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { languageNow } from './i18n/index.ts';

/** randomUUID exists on secure origins only; a node in a private network may speak plain http. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

const headers: Record<string, string> = {
  'x-shugu-page': '1',
  get 'x-shugu-language'() {
    return languageNow();
  },
};
export const client = makeClient({ url: '', headers, newKey });

const refusedForGood = (error: unknown): boolean =>
  error instanceof ProblemError && error.problem.status < 500 && error.problem.status !== 429;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      retry: (count, error) => count < 2 && !refusedForGood(error),
    },
  },
});

export interface ReadOptions {
  enabled?: boolean;
  /** Milliseconds between fresh looks, for things that move by themselves. */
  every?: number;
  /** Keeps showing the former answer while the next one is on its way. */
  keep?: boolean;
}

// The generic bound of a heterogeneous table; each call keeps its own exact types.
export const useRead = <E extends AnyEndpoint>(
  endpoint: E,
  input: CallInput<E>,
  options: ReadOptions = {},
): UseQueryResult<CallOutput<E>> =>
  useQuery<CallOutput<E>>({
    queryKey: [endpoint.id, input],
    queryFn: ({ signal }) => client.call(endpoint, input, { signal }),
    enabled: options.enabled ?? true,
    refetchInterval: options.every ?? false,
    ...(options.keep ? { placeholderData: (before: unknown) => before as never } : {}),
  });

/** After a write every read may have changed: states, queues, balances. They are few on a page and cheap by ETag. */
export const useWrite = <E extends AnyEndpoint>(endpoint: E, after?: (reply: CallOutput<E>) => void) => {
  const cache = useQueryClient();
  return useMutation<CallOutput<E>, Error, CallInput<E>>({
    mutationFn: (input) => client.call(endpoint, input),
    onSuccess: async (reply) => {
      after?.(reply);
      await cache.invalidateQueries();
    },
  });
};

export type Reply<E> = CallOutput<E>;
export type Input<E> = CallInput<E>;
export { addressOf, ProblemError } from '@shugu/wire/client';
