"""``/v1/hooks``: where other systems, such as Supabase or Keycloak, post what is to be sent."""
