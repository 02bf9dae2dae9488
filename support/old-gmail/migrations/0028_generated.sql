-- The same, as drizzle-kit generates it from schema.mjs.
CREATE TABLE "gmail_tokens" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"user_id" text NOT NULL,
	"encrypted_access_token" text NOT NULL,
	"encrypted_refresh_token" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"scope" text NOT NULL,
	"key_version" integer DEFAULT 1 NOT NULL,
	"refreshing_at" timestamp with time zone,
	"connected_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "gmail_tokens_user_id_unique" UNIQUE("user_id")
);
ALTER TABLE "gmail_tokens" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "site_settings" ADD COLUMN "gmail_diagnostic_enabled" boolean DEFAULT false NOT NULL;
ALTER TABLE "gmail_tokens" ADD CONSTRAINT "gmail_tokens_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;
ALTER TABLE "gmail_tokens" ADD CONSTRAINT "gmail_tokens_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;
CREATE INDEX "gmail_tokens_user_id_idx" ON "gmail_tokens" USING btree ("user_id");
CREATE INDEX "gmail_tokens_tenant_id_idx" ON "gmail_tokens" USING btree ("tenant_id");
CREATE POLICY "tenant_isolation" ON "gmail_tokens" AS PERMISSIVE FOR ALL TO public USING (tenant_id = current_setting('app.current_tenant_id', true));
