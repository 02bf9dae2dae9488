/** Debian's Chromium, without a screen. */

import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

const path = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** A profile of its own: cookies, language, screen. What it did wrong is a failure of the test. */
export class Profile {
  readonly origins = new Set<string>();
  readonly complaints: string[] = [];

  constructor(readonly page: Page) {
    page.on('request', (request) => this.origins.add(new URL(request.url()).origin));
    // What Chromium says of a policy that was violated, or of a script that failed.
    page.on('console', (message) => {
      const isFavicon = message.location().url.endsWith('/favicon.ico');
      if (message.type() === 'error' && !isFavicon) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
  }
}

/** Opens profiles; all are closed after each test. */
export function useChromium(): (options?: BrowserContextOptions) => Promise<Profile> {
  let browser: Browser;
  beforeAll(async () => {
    if (!existsSync(path)) {
      throw new Error(`No Chromium at ${path}: apt-get install chromium, or set CHROMIUM`);
    }
    // Its sandbox does not work as root.
    const args = ['--no-sandbox', '--disable-dev-shm-usage'];
    browser = await chromium.launch({ executablePath: path, args });
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  afterAll(() => browser?.close());
  return async (options = {}) => {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(20_000);
    return new Profile(await context.newPage());
  };
}

/** What the user sees. */
export async function heading(page: Page): Promise<string> {
  return page.locator('h1').innerText();
}

/** Signs in at Google and answers its question. */
export async function consent({ page }: Profile, account: string, answer = 'Allow') {
  await page.getByLabel('Account').fill(account);
  await page.getByRole('button', { name: 'Next' }).click();
  expect(await heading(page)).toBe('Allow access?');
  await page.getByRole('button', { name: answer }).click();
}
