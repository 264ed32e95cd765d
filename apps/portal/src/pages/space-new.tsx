import { foundSpace } from '@shugu/wire/spaces';
import { useNavigate } from '@tanstack/react-router';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { foundingFields, rulesBody } from '../spaces/fields.ts';
import { SendForm } from '../ui/action.tsx';
import { Page, Sheet } from '../ui/frame.tsx';

export default function NewSpace() {
  const { t } = useWords();
  const navigate = useNavigate();
  return (
    <Page title={t('spaces.found')} lead={t('spaces.foundLead')}>
      <Sheet>
        <SendForm
          endpoint={foundSpace}
          label={t('spaces.submit')}
          fields={foundingFields}
          initial={{ rules: { terms: { catalogue: 'members', joinRoles: [], policy: [], contracts: 'goOn' } } }}
          input={(values) => {
            const { rules, ...body } = values as unknown as { rules: object };
            return { body: { ...body, rules: rulesBody(rules) } as never };
          }}
          after={({ id }) => void navigate({ to: paths.space(id) })}
        />
      </Sheet>
    </Page>
  );
}
