"""Alembic's entry: runs the migrations on the connection that otp_worker.store.migrate hands over."""

from alembic import context

from otp_worker.store.schema import metadata, schema_version

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    version_table=schema_version.name,
)
context.run_migrations()
