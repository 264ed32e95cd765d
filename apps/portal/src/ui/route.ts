/** The identifier in the address, and the filters behind the question mark. */
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';

export const useId = (): string => String((useParams({ strict: false }) as { id?: string }).id ?? '');

export type Filters = Record<string, string | undefined>;

/** Filters live in the address, so that a list can be kept, shared and stepped back through. */
export const useFilters = (): [Filters, (change: Filters) => void] => {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  const filters = Object.fromEntries(
    Object.entries(search).map(([key, value]) => [key, value == null ? undefined : String(value)]),
  );
  const set = (change: Filters) =>
    void navigate({
      to: '.',
      search: (before: Record<string, unknown>) => ({ ...before, ...change }),
      replace: true,
    } as never);
  return [filters, set];
};
