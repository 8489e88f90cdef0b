"""Rows: tables, engine, migrations, and one module per noun for its queries. The only place with SQL."""
