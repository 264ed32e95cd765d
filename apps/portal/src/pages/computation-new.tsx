import { draftComputation, previewComputation } from '@shugu/wire/compute';
import { listResources } from '@shugu/wire/registry';
import { useNavigate } from '@tanstack/react-router';
import { Button, Form, Radio, Select } from 'antd';
import { type ReactNode, useState } from 'react';
import { type Input, useRead, useWrite } from '../api.ts';
import {
  bodyOf,
  type ColumnValues,
  type Draft,
  type DraftValues,
  draftForm,
  sharesBodyOf,
  sharesForm,
  sharesStart,
  startOf,
  type Template,
  templates,
} from '../compute/draft-fields.ts';
import { moduleBodyOf, moduleForm, moduleStart } from '../compute/draft-module.ts';
import { psiBodyOf, psiForm, psiStart } from '../compute/draft-psi.ts';
import { useEngines } from '../compute/engine.tsx';
import { ModuleFile } from '../compute/module-file.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { useMe } from '../session.ts';
import { SendForm } from '../ui/action.tsx';
import { type FormField, filled } from '../ui/fields.tsx';
import { Page, Sheet } from '../ui/frame.tsx';
import { faultsOf, ProblemNote } from '../ui/problem.tsx';

/** Takes resource, digest and columns of the organisation's own data into the first data set that is its own. */
const OwnData = ({ me }: { me: string }) => {
  const { t } = useWords();
  const form = Form.useFormInstance<DraftValues>();
  const found = useRead(listResources, { query: { limit: 100 } });
  const usable = (found.data?.items ?? []).filter(({ content }) => content?.state === 'ready' && content.normalDigest);
  const take = (id: string) => {
    const one = usable.find((each) => each.id === id);
    if (!one?.content) return;
    const sets = [...(form.getFieldValue('dataSets') ?? [])] as NonNullable<DraftValues['dataSets']>;
    const at = Math.max(
      0,
      sets.findIndex(({ owner }) => owner === me),
    );
    const agreed = new Map(sets[at]?.columns?.map((column) => [column.name, column]));
    const columns = one.content.columns.map(({ name, type }) => ({
      ...(agreed.get(name) ?? { name, rule: 'hidden' as const }),
      type: type as ColumnValues['type'],
    }));
    sets[at] = {
      rowsMax: 1,
      share: 50,
      ...sets[at],
      owner: me,
      resource: one.id,
      version: one.content.normalDigest!,
      columns,
    };
    form.setFieldsValue({ dataSets: sets } as never);
  };
  return (
    <Form.Item label={t('compute.ownData')} extra={t('compute.ownDataHint')} htmlFor="own-data">
      <Select
        id="own-data"
        loading={found.isPending}
        placeholder={t('compute.ownDataPick')}
        options={usable.map(({ id, name }) => ({ value: id, label: name }))}
        onChange={take}
      />
    </Form.Item>
  );
};

/** What each party would learn, in the exchange's own words, before anything is drafted. */
const Preview = ({ body }: { body: (values: never) => Input<typeof previewComputation>['body'] }) => {
  const { t, b } = useWords();
  const form = Form.useFormInstance();
  const write = useWrite(previewComputation);
  const ask = () =>
    form.validateFields().then(
      (values) =>
        write.mutate(
          { body: body(filled(values) as never) },
          { onError: (error) => form.setFields(faultsOf(error, 'body') as never) },
        ),
      () => undefined,
    );
  return (
    <section className="section" aria-live="polite">
      <Button onClick={ask} loading={write.isPending}>
        {t('compute.preview')}
      </Button>
      {write.error ? <ProblemNote error={write.error} /> : null}
      {write.data ? (
        <>
          <h3 style={{ marginTop: 16 }}>{t('compute.learn')}</h3>
          <ul>
            {write.data.explained.map((line) => (
              <li key={line.en}>{b(line)}</li>
            ))}
          </ul>
          <h3>{t('compute.trust')}</h3>
          <p>{b(write.data.trust)}</p>
          {write.data.sql ? (
            <pre className="mono small" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              {write.data.sql}
            </pre>
          ) : null}
        </>
      ) : null}
    </section>
  );
};

const Prepare = () => <pre className="code">./shugu compute prepare --input FILE --join COLUMN</pre>;

interface DraftingForm {
  explain: ReactNode;
  start: object;
  fields: FormField[];
  /** Whose engines may be chosen; a module is run by this program alone. */
  engines: Draft['mode'] | null;
  body: (values: never) => Draft;
}

/** What each template is filled in with, and the body that this makes. */
const formOf = (template: Template, own: string): DraftingForm => {
  switch (template) {
    case 'shares':
      return {
        explain: <Prepare />,
        start: sharesStart(own),
        fields: sharesForm,
        engines: 'shares',
        body: sharesBodyOf,
      };
    case 'psi':
      return { explain: <Prepare />, start: psiStart(own), fields: psiForm, engines: 'psi', body: psiBodyOf };
    case 'module': {
      const explain = (
        <>
          <ModuleFile />
          <OwnData me={own} />
        </>
      );
      return { explain, start: moduleStart(own), fields: moduleForm, engines: null, body: moduleBodyOf };
    }
    default:
      return {
        explain: <OwnData me={own} />,
        start: startOf(template, own),
        fields: draftForm,
        engines: 'cleanRoom',
        body: bodyOf,
      };
  }
};

/** Drafts a computation contract from a template; every owner that is named signs it afterwards, or does not. */
export default function NewComputation() {
  const { t } = useWords();
  const me = useMe();
  const navigate = useNavigate();
  const [template, setTemplate] = useState<Template>('overlap');
  const { explain, start, fields, engines, body } = formOf(template, me?.organisation.id ?? '');
  const withEngines = useEngines(fields, engines);
  if (!me) return <Page title={t('compute.new')}>{t('app.loading')}</Page>;
  return (
    <Page title={t('compute.new')} lead={t('compute.newLead')}>
      <Sheet title={t('compute.template')}>
        <Radio.Group
          aria-label={t('compute.template')}
          value={template}
          onChange={({ target }) => setTemplate(target.value as Template)}
          options={templates.map((one) => ({ value: one, label: t(`compute.template.${one}`) }))}
        />
        <p className="quiet">{t(`compute.templateText.${template}`)}</p>
      </Sheet>
      <Sheet>
        <SendForm
          key={template}
          endpoint={draftComputation}
          label={t('compute.draft')}
          byButton
          explain={explain}
          initial={start as Record<string, unknown>}
          fields={withEngines}
          input={(values) => ({ body: body(values as never) })}
          after={(reply) => navigate({ to: paths.computation(reply.id) })}
        >
          <Preview body={body} />
        </SendForm>
      </Sheet>
    </Page>
  );
}
