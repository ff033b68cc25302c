"""Who changed what: releases, environments, switches, scales, restarts and models, from wherever that is written down."""
