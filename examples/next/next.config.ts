import type { NextConfig } from 'next';

const config: NextConfig = {
  // A native addon cannot be bundled.
  serverExternalPackages: ['tokenkeep'],
  // There is another lock file above. Where there is none, this is the default.
  turbopack: { root: __dirname },
};

export default config;
