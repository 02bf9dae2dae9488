import { describe, expect, it } from 'vitest';
import { useScene, someUser } from './scene';
import { Visitor } from './visitor';

const scene = useScene();

describe('a link for somebody who is not signed in', () => {
  it('connects: link, page, button, Google, page, sealed row, credentials', async () => {
    const userId = someUser();
    const link = await scene.link(userId);
    expect(link).toMatch(`${scene.origin}/auth/google/connect?ticket=`);
    const visitor = new Visitor();
    const page = await visitor.open(link);
    expect(page.status).toBe(200);
    const done = await visitor.press(page);
    expect(done.text).toContain('Google Calendar connected');
    expect(done.status).toBe(200);
    const row = await scene.row(userId);
    expect(row).toMatchObject({
      access_token: expect.stringMatching(/^tk1\./),
      refresh_token: expect.stringMatching(/^tk1\./),
    });
    const credentials = await scene.keep.calendar.getCredentialsForUser(userId);
    expect(credentials).toMatchObject({ scope: 'https://www.googleapis.com/auth/calendar.events' });
    expect(scene.errors).toEqual([]);
  });
});
