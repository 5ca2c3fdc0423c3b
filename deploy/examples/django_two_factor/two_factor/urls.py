"""Where the two factors are asked for."""

from django.urls import path

from two_factor import views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in", views.password, name="password"),
    path("sign-in/code", views.code, name="code"),
]
