/** What is remembered of rows that are gone. */

import { describe, expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { stateOf } from '../helpers/states';
import { INVALID_GRANT, useScene } from './scene';

const scene = useScene();

describe.each(['gmail', 'calendar'] as const)(
  'a row of the %s store that is deleted when its grant is revoked',
  (store) => {
    it('leaves nothing of its user behind', async () => {
      const application = scene.application();
      const [user] = await scene.users(store, 1, application);
      await application.keep.close();
      expect(await stateOf(scene.database, store, [user!.id])).toBeDefined();
      const other = scene.application();
      scene.endpoint.script(() => INVALID_GRANT);
      expect(await failureOf(other.valid(user!))).toMatchObject({ code: 'ERR_TOKENKEEP_REVOKED' });
      await other.keep.close();
      expect(await stateOf(scene.database, store, [user!.id])).toBeUndefined();
    });
  },
);
