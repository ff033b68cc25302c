"""Who changed what: releases, environments, switches, scales, restarts and models, wherever that is written."""
