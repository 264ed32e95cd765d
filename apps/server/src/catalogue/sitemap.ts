/** Sitemaps (sitemaps.org protocol 0.9): an index, and parts of listed products, so that search engines find what is for sale. */
import type { ListedPlace } from './reads.ts';

/** The protocol allows 50,000 addresses a file; smaller parts are read again sooner. */
export const partSize = 5_000;

// Addresses are ours: letters, digits and a few signs; an ampersand cannot be in them.
const document = (root: string, entries: string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${entries.join('')}</${root}>\n`;

/** Pages of the portal that anyone may read, beside the products. */
const openPages = ['/', '/products', '/demands', '/public-notices', '/verify', '/rules', '/board'];

/** `later` are the products with which the parts after the first begin. */
export const sitemapIndex = (url: string, later: readonly string[]): string =>
  document(
    'sitemapindex',
    ['', ...later.map((from) => `?from=${from}`)].map(
      (query) => `<sitemap><loc>${url}/sitemaps/products.xml${query}</loc></sitemap>\n`,
    ),
  );

export const sitemapPart = (
  url: string,
  places: readonly ListedPlace[],
  { withPages }: { withPages: boolean },
): string =>
  document('urlset', [
    ...(withPages ? openPages : []).map((path) => `<url><loc>${url}${path}</loc></url>\n`),
    ...places.map(
      ({ id, changedAt }) =>
        `<url><loc>${url}/products/${id}</loc><lastmod>${changedAt.toISOString()}</lastmod></url>\n`,
    ),
  ]);

/** Listed products are for everyone; the API and what needs a session are not worth a crawler's time. */
export const robotsText = (url: string): string =>
  `User-agent: *\nAllow: /\nDisallow: /api/\nAllow: /api/catalogue/\nDisallow: /gateway/\nSitemap: ${url}/sitemap.xml\n`;
