export * from 'tokenkeep/gmail';
