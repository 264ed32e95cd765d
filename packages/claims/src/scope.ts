/** Scopes (DCP 1.0.1, 5.4.1.2): `alias:discriminator`, at times with `:read` behind. */
export const scopeAliases = { type: 'org.eclipse.dspace.dcp.vc.type', id: 'org.eclipse.dspace.dcp.vc.id' } as const;

export type Scope = { by: keyof typeof scopeAliases; value: string };

/** Undefined for an alias that nobody here knows, which selects nothing. Ids may hold colons. */
export function parseScope(text: string): Scope | undefined {
  for (const by of ['type', 'id'] as const) {
    const prefix = `${scopeAliases[by]}:`;
    if (!text.startsWith(prefix)) continue;
    const value = text.slice(prefix.length).replace(/:read$/, '');
    return value === '' ? undefined : { by, value };
  }
  return undefined;
}

export const typeScope = (type: string): string => `${scopeAliases.type}:${type}:read`;

export const selects = (scope: Scope, credential: { id: string | undefined; types: readonly string[] }): boolean =>
  scope.by === 'type' ? credential.types.includes(scope.value) : credential.id === scope.value;

const keyOf = (scope: Scope): string => `${scope.by}:${scope.value}`;

/** What is asked for and granted; the rest is left out without a word, as the protocol wants. */
export function granted(asked: readonly string[], allowed: readonly string[]): Scope[] {
  const known = new Set(allowed.map(parseScope).flatMap((scope) => (scope ? [keyOf(scope)] : [])));
  return asked.map(parseScope).filter((scope): scope is Scope => scope !== undefined && known.has(keyOf(scope)));
}
