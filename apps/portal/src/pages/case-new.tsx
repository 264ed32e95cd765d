import { cases } from '@shugu/wire/cases';
import { readOwnOrganisation } from '@shugu/wire/members';
import { getRegistrar, getResource } from '@shugu/wire/registry';
import { useNavigate } from '@tanstack/react-router';
import { Alert } from 'antd';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { registrationOf } from '../registry/prefill.ts';
import { SendForm } from '../ui/action.tsx';
import { type FormField, field, type WidgetProps } from '../ui/fields.tsx';
import { Loaded, Page, Sheet, Wait } from '../ui/frame.tsx';
import { OrganisationPicker } from '../ui/organisations.tsx';
import { useRegionName } from '../ui/region.tsx';
import { useFilters, useId } from '../ui/route.ts';

const ServiceBody = (props: WidgetProps) => <OrganisationPicker {...props} single query={{ role: 'serviceBody' }} />;

/** A draft may leave anything open, in the rows of its lists too; handing it in asks for the rest. */
const optional = (fields: readonly FormField[]): FormField[] =>
  fields.map((one) => ({
    ...one,
    required: false,
    ...(one.fields ? { fields: optional(one.fields as FormField[]) } : {}),
  }));

/** What the form may begin with; `wait` as long as it is being looked up, since a form takes its beginning once. */
const useKnown = (procedure: string, subject: string | undefined) => {
  const asks = procedure === 'registration.first' && !!subject?.startsWith('res_');
  const resource = useRead(getResource, { params: { id: subject ?? '' } }, { enabled: asks });
  const own = useRead(readOwnOrganisation, {}, { enabled: asks });
  const place = useRegionName(resource.data?.region);
  const wait = asks && (resource.isPending || own.isPending || (!!resource.data?.region && place === undefined));
  return { wait, data: resource.data && own.data ? registrationOf(resource.data, own.data, place) : undefined };
};

export default function NewCase() {
  const { t, b } = useWords();
  const id = useId();
  const [given] = useFilters();
  const navigate = useNavigate();
  const read = useRead(cases.procedure, { params: { procedure: id } });
  const role = read.data?.handlerRole;
  const registrar = useRead(getRegistrar, {}, { enabled: role === 'registrar' });
  // Whoever admitted us is the operator: every member has that case.
  const admission = useRead(
    cases.queue,
    { query: { view: 'mine', procedure: 'member.admission', limit: 1 } },
    { enabled: role === 'operator' },
  );
  const known = useKnown(id, given.subject);
  const handler =
    given.handler ??
    (role === 'registrar' ? registrar.data?.id : role === 'operator' ? admission.data?.items[0]?.handler : undefined);
  return (
    <Loaded of={read}>
      {(one) => {
        if (known.wait) return <Wait />;
        const fields: FormField[] = [
          field('title', 'text', ['标题', 'Title'], { required: true, charactersMax: 200 }),
          ...(handler || one.handlerRole === 'registrar'
            ? []
            : [
                field('handler', 'text', ['办理机构', 'Handled by'], {
                  required: true,
                  ...(one.handlerRole === 'serviceBody' ? { widget: ServiceBody } : {}),
                }),
              ]),
          ...(given.subject
            ? []
            : [
                field(
                  'subject',
                  'text',
                  ['标的编号（资源、产品版本或凭证）', 'Subject (resource, product version or certificate)'],
                  {},
                ),
              ]),
          ...optional(one.form as FormField[]).map((entry) => ({ ...entry, id: `data.${entry.id}` })),
        ];
        return (
          <Page title={b(one.title)} lead={t('cases.newLead')}>
            <Sheet>
              <SendForm
                endpoint={cases.file}
                label={t('cases.fileDraft')}
                fields={fields}
                explain={
                  known.data ? <Alert type="info" showIcon title={t('cases.prefilled')} className="section" /> : null
                }
                initial={{ title: given.title, subject: given.subject, data: known.data }}
                blocked={one.handlerRole === 'registrar' && !registrar.data ? t('cases.noRegistrar') : null}
                input={(values) => {
                  const {
                    title,
                    handler: picked,
                    subject,
                    data,
                  } = values as unknown as {
                    title: string;
                    handler?: string;
                    subject?: string;
                    data?: Record<string, never>;
                  };
                  return {
                    body: {
                      procedure: one.id,
                      title,
                      handler: handler ?? picked ?? '',
                      ...((given.subject ?? subject) ? { subject: given.subject ?? subject } : {}),
                      data: data ?? {},
                    },
                  };
                }}
                after={(reply) => navigate({ to: paths.case(reply.id) })}
              />
            </Sheet>
          </Page>
        );
      }}
    </Loaded>
  );
}
