/** Catalogues of other spaces and nodes within a space's: each leads to where it stands. */
import { listNodes } from '@shugu/wire/nodes';
import {
  type getSpace,
  listNestedCatalogues,
  listSpaces,
  nestCatalogue,
  withdrawNestedCatalogue,
} from '@shugu/wire/spaces';
import { Link } from '@tanstack/react-router';
import { Select, Tag } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { field, type WidgetProps } from '../ui/fields.tsx';
import { dayOf } from '../ui/format.ts';
import { Loaded, Sheet } from '../ui/frame.tsx';
import { reasonField } from './fields.ts';

type Nested = Reply<typeof listNestedCatalogues>['items'][number];

/** Spaces whose catalogues are open to the viewer, and nodes of this hub; the value is what is referred to, as text. */
const CataloguePicker = ({ id, value, onChange, outer }: WidgetProps & { outer: string }) => {
  const { b } = useWords();
  const spaces = useRead(listSpaces, { query: { limit: 100 } });
  const nodes = useRead(listNodes, { query: {} });
  const options = [
    ...(spaces.data?.items ?? [])
      .filter((one) => one.id !== outer && one.state === 'active')
      .filter((one) => one.catalogue === 'everyone' || one.yours?.standing)
      .map((one) => ({ value: JSON.stringify({ kind: 'space', space: one.id }), label: b(one.name) })),
    ...(nodes.data?.items ?? [])
      .filter(({ standing }) => standing !== 'revoked')
      .map((one) => ({ value: JSON.stringify({ kind: 'node', node: one.id }), label: one.name })),
  ];
  return (
    <Select
      id={id}
      value={value as string}
      onChange={(picked) => onChange?.(picked)}
      loading={spaces.isFetching || nodes.isFetching}
      showSearch={{ optionFilterProp: 'label' }}
      options={options}
    />
  );
};

const NestedLine = ({ one }: { one: Nested }) => {
  const { t, b } = useWords();
  if (one.space)
    return (
      <>
        <Link to={paths.space(one.space.id)}>{b(one.space.name)}</Link> <Tag>{t('spaces.nestedSpace')}</Tag>
        <span className="quiet">{t('spaces.nestedBy', { name: one.space.operator.name })}</span>
      </>
    );
  if (!one.node)
    return (
      <>
        <Tag>{t('spaces.nestedUnseen')}</Tag>
        <span className="quiet">{t('spaces.nestedUnseenText', { at: dayOf(one.addedAt) })}</span>
      </>
    );
  const { id, name, listings } = one.node;
  return (
    <>
      <Link to={paths.nodes} search={{ tab: 'entries', node: id } as never}>
        {name}
      </Link>{' '}
      <Tag color="geekblue">{t('spaces.nestedNode')}</Tag>
      <span className="quiet">{t('spaces.nestedListings', { count: listings })}</span>
    </>
  );
};

export const NestedCatalogues = ({ of, operates }: { of: Reply<typeof getSpace>; operates: boolean }) => {
  const { t } = useWords();
  const read = useRead(listNestedCatalogues, { params: { id: of.id } });
  return (
    <Loaded of={read}>
      {({ items }) =>
        items.length || operates ? (
          <Sheet
            title={t('spaces.nested')}
            extra={
              operates ? (
                <Action
                  endpoint={nestCatalogue}
                  label={t('spaces.nestedAdd')}
                  explain={<p>{t('spaces.nestedAddExplain')}</p>}
                  fields={[
                    field('catalogue', 'text', ['目录', 'Catalogue'], {
                      required: true,
                      widget: (props) => <CataloguePicker {...props} outer={of.id} />,
                    }),
                  ]}
                  input={({ catalogue }) => ({ params: { id: of.id }, body: JSON.parse(String(catalogue)) as never })}
                />
              ) : null
            }
          >
            <p className="quiet">{t('spaces.nestedLead')}</p>
            <ul>
              {items.map((one) => (
                <li key={one.id}>
                  <NestedLine one={one} />{' '}
                  {operates ? (
                    <Action
                      small
                      danger
                      endpoint={withdrawNestedCatalogue}
                      label={t('spaces.nestedWithdraw')}
                      explain={<p>{t('spaces.nestedWithdrawExplain')}</p>}
                      fields={[reasonField]}
                      input={(values) => ({ params: { id: of.id, catalogue: one.id }, body: values as never })}
                    />
                  ) : null}
                </li>
              ))}
            </ul>
          </Sheet>
        ) : null
      }
    </Loaded>
  );
};
