export default {
  output: 'standalone',
  outputFileTracingRoot: import.meta.dirname,
  // A native addon is no code to bundle.
  serverExternalPackages: ['tokenkeep'],
};
