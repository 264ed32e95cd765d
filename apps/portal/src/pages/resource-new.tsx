import { createResource } from '@shugu/wire/registry';
import { useNavigate } from '@tanstack/react-router';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { resourceBody, resourceForm } from '../registry/fields.ts';
import { SendForm } from '../ui/action.tsx';
import { Page, Sheet } from '../ui/frame.tsx';

export default function NewResource() {
  const { t } = useWords();
  const navigate = useNavigate();
  return (
    <Page title={t('desk.newResource')} lead={t('resources.newLead')}>
      <Sheet>
        <SendForm
          endpoint={createResource}
          label={t('resources.create')}
          fields={resourceForm}
          input={(values) => ({ body: resourceBody(values) as never })}
          after={(reply) => navigate({ to: paths.resource(reply.id) })}
        />
      </Sheet>
    </Page>
  );
}
