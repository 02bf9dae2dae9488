import axe from 'axe-core';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { someUser, useScene } from '../http/scene';
import { heading, useChromium } from './chromium';

const scene = useScene();
const profile = useChromium();

/** Where pictures of the pages go, for somebody to look at. */
const pictures = process.env['PICTURES'];
if (pictures) mkdirSync(pictures, { recursive: true });

const screens = [
  { name: 'phone', width: 360, height: 640 },
  { name: 'desk', width: 1280, height: 720 },
];
const schemes = ['light', 'dark'] as const;

const addresses: Record<string, () => Promise<string>> = {
  connect: () => scene.link(someUser()),
  connected: () => scene.link(someUser()),
  expired: async () => scene.url('connect?link=nobody.1.made-this'),
  'bad-request': async () => scene.url('callback?code=a'),
  'not-signed-in': async () => scene.url('connect'),
};

describe.each(Object.keys(addresses))('the page %s', (name) => {
  it.each(schemes)('has no fault that axe finds, in %s, on a phone and a desk', async (scheme) => {
    const address = addresses[name]!;
    for (const { name: screen, ...viewport } of screens) {
      // axe is a script, which the page's own policy would refuse.
      const { page } = await profile({ viewport, colorScheme: scheme, bypassCSP: true });
      await page.goto(await address());
      if (name === 'connected') {
        await page.getByRole('button').click();
        await page.getByText('You can close this tab.').waitFor();
      }
      if (pictures)
        await page.screenshot({ path: join(pictures, `${name}-${scheme}-${screen}.png`) });
      await page.evaluate(axe.source);
      const found = await page.evaluate('axe.run()');
      const { violations, passes } = found as axe.AxeResults;
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
      expect(passes.map(({ id }) => id)).toContain('color-contrast');
      const overflows = 'document.documentElement.scrollWidth > window.innerWidth';
      expect(await page.evaluate(overflows)).toBe(false);
    }
  });
});

it('nothing but the page itself is asked for, and its policy is obeyed', async () => {
  const user = await profile();
  await user.page.goto(await scene.link(someUser()));
  expect(await heading(user.page)).toBe('Connect Google Calendar');
  expect([...user.origins]).toEqual([scene.origin]);
  expect(user.complaints).toEqual([]);
  const background = 'getComputedStyle(document.querySelector("main")).borderRadius';
  expect(await user.page.evaluate(background)).toBe('16px');
});
