/** Every page and its address. Pages are loaded when first opened. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  Link,
  lazyRouteComponent,
} from '@tanstack/react-router';
import { Button } from 'antd';
import type { ComponentType } from 'react';
import { useWords } from './i18n/index.ts';
import { paths } from './paths.ts';
import { Empty } from './ui/empty.tsx';
import { Page } from './ui/frame.tsx';
import { Layout } from './ui/layout.tsx';
import { ProblemNote } from './ui/problem.tsx';

const NotFound = () => {
  const { t } = useWords();
  return (
    <Page title={t('app.notFound')}>
      <Empty title={t('app.notFound')} action={<Link to={paths.home}>{t('do.back')}</Link>}>
        {t('app.notFoundText')}
      </Empty>
    </Page>
  );
};

const Broken = ({ error, reset }: ErrorComponentProps) => {
  const { t } = useWords();
  return (
    <Page title={t('app.broken')}>
      <ProblemNote error={error as Error} action={<Button onClick={reset}>{t('do.again')}</Button>} />
    </Page>
  );
};

const root = createRootRoute({ component: Layout, notFoundComponent: NotFound });

type Loader = () => Promise<{ default: ComponentType }>;
const page = (path: string, load: Loader) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load) });
/** The same address with an identifier behind it; pages read it by `useId`. */
const one = (path: (id: string) => string, load: Loader) => page(path('').replace(/\/$/, '/$id'), load);

const tree = root.addChildren([
  page(paths.home, () => import('./pages/home.tsx')),
  page(paths.products, () => import('./pages/products.tsx')),
  one(paths.product, () => import('./pages/product.tsx')),
  page(paths.publicNotices, () => import('./pages/public-notices.tsx')),
  one(paths.publicNotice, () => import('./pages/public-notice.tsx')),
  page(paths.verify, () => import('./pages/verify.tsx')),
  one(paths.verifyCode, () => import('./pages/verify.tsx')),
  page(paths.rules, () => import('./pages/rules.tsx')),
  one(paths.rule, () => import('./pages/rule.tsx')),
  page(paths.procedures, () => import('./pages/procedures.tsx')),
  one(paths.procedure, () => import('./pages/procedure.tsx')),
  page(paths.directory, () => import('./pages/directory.tsx')),
  page(paths.spaces, () => import('./pages/spaces.tsx')),
  page(paths.newSpace, () => import('./pages/space-new.tsx')),
  one(paths.space, () => import('./pages/space.tsx')),
  page(paths.board, () => import('./pages/board.tsx')),
  page(paths.signIn, () => import('./pages/sign-in.tsx')),
  page(paths.join, () => import('./pages/join.tsx')),
  page(paths.invitation, () => import('./pages/invitation.tsx')),
  page(paths.setup, () => import('./pages/setup.tsx')),
  page(paths.desk, () => import('./pages/desk.tsx')),
  page(paths.cases, () => import('./pages/cases.tsx')),
  one(paths.newCase, () => import('./pages/case-new.tsx')),
  one(paths.case, () => import('./pages/case.tsx')),
  page(paths.inbox, () => import('./pages/inbox.tsx')),
  page(paths.papers, () => import('./pages/papers.tsx')),
  one(paths.paper, () => import('./pages/paper.tsx')),
  page(paths.jobs, () => import('./pages/jobs.tsx')),
  page(paths.resources, () => import('./pages/resources.tsx')),
  page(paths.newResource, () => import('./pages/resource-new.tsx')),
  one(paths.resource, () => import('./pages/resource.tsx')),
  page(paths.imports, () => import('./pages/imports.tsx')),
  page(paths.harvests, () => import('./pages/harvest.tsx')),
  one(paths.harvest, () => import('./pages/harvest-run.tsx')),
  page(paths.foreignEntries, () => import('./pages/foreign-entries.tsx')),
  page(paths.rights, () => import('./pages/rights.tsx')),
  page(paths.ownProducts, () => import('./pages/own-products.tsx')),
  page(paths.newProduct, () => import('./pages/product-new.tsx')),
  one(paths.ownProduct, () => import('./pages/own-product.tsx')),
  page(paths.listings, () => import('./pages/listings.tsx')),
  one(paths.newListing, () => import('./pages/listing-new.tsx')),
  one(paths.listing, () => import('./pages/listing.tsx')),
  page(paths.reports, () => import('./pages/reports.tsx')),
  page(paths.scenarios, () => import('./pages/scenarios.tsx')),
  one(paths.newOrder, () => import('./pages/order-new.tsx')),
  page(paths.orders, () => import('./pages/orders.tsx')),
  one(paths.order, () => import('./pages/order.tsx')),
  page(paths.contracts, () => import('./pages/contracts.tsx')),
  one(paths.contract, () => import('./pages/contract.tsx')),
  page(paths.computations, () => import('./pages/computations.tsx')),
  page(paths.newComputation, () => import('./pages/computation-new.tsx')),
  one(paths.computation, () => import('./pages/computation.tsx')),
  page(paths.grants, () => import('./pages/grants.tsx')),
  page(paths.pushes, () => import('./pages/pushes.tsx')),
  one(paths.pushRun, () => import('./pages/push-run.tsx')),
  one(paths.grant, () => import('./pages/grant.tsx')),
  page(paths.usage, () => import('./pages/usage.tsx')),
  page(paths.traces, () => import('./pages/traces.tsx')),
  page(paths.account, () => import('./pages/account.tsx')),
  page(paths.statements, () => import('./pages/statements.tsx')),
  one(paths.statement, () => import('./pages/statement.tsx')),
  page(paths.credits, () => import('./pages/credits.tsx')),
  page(paths.invoices, () => import('./pages/invoices.tsx')),
  page(paths.clearing, () => import('./pages/clearing.tsx')),
  page(paths.demands, () => import('./pages/demands.tsx')),
  one(paths.demand, () => import('./pages/demand.tsx')),
  page(paths.enquiries, () => import('./pages/enquiries.tsx')),
  one(paths.enquiry, () => import('./pages/enquiry.tsx')),
  page(paths.complaint, () => import('./pages/complaint.tsx')),
  page(paths.members, () => import('./pages/members.tsx')),
  one(paths.member, () => import('./pages/member.tsx')),
  page(paths.templates, () => import('./pages/templates.tsx')),
  one(paths.template, () => import('./pages/template.tsx')),
  page(paths.rulebook, () => import('./pages/rulebook.tsx')),
  page(paths.filings, () => import('./pages/filings.tsx')),
  page(paths.supervision, () => import('./pages/supervision.tsx')),
  page(paths.risks, () => import('./pages/risks.tsx')),
  one(paths.risk, () => import('./pages/risk.tsx')),
  page(paths.statistics, () => import('./pages/statistics.tsx')),
  page(paths.ledger, () => import('./pages/ledger.tsx')),
  page(paths.directives, () => import('./pages/directives.tsx')),
  page(paths.retention, () => import('./pages/retention.tsx')),
  page(paths.organisation, () => import('./pages/organisation.tsx')),
  page(paths.people, () => import('./pages/people.tsx')),
  page(paths.node, () => import('./pages/node.tsx')),
  page(paths.nodes, () => import('./pages/nodes.tsx')),
  page(paths.uplink, () => import('./pages/uplink.tsx')),
  page(paths.connector, () => import('./pages/connector.tsx')),
  page(paths.queue, () => import('./pages/queue.tsx')),
  page(paths.partnerCatalogue, () => import('./pages/partner-catalogue.tsx')),
  one(paths.process, () => import('./pages/process.tsx')),
  page(paths.issuers, () => import('./pages/issuers.tsx')),
  page(paths.goods, () => import('./pages/goods.tsx')),
  page(paths.mutualStatements, () => import('./pages/mutual-statements.tsx')),
  page(paths.recognitions, () => import('./pages/recognitions.tsx')),
  page(paths.gateways, () => import('./pages/gateways.tsx')),
  page(paths.apiKeys, () => import('./pages/api-keys.tsx')),
  page(paths.audit, () => import('./pages/audit.tsx')),
  page(paths.me, () => import('./pages/me.tsx')),
]);

export const router = createRouter({
  routeTree: tree,
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultErrorComponent: Broken,
});
